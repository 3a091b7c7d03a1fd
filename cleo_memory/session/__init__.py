"""What goes on in a session right now, held in memory alone and never kept.

    turn --note--> shadow (sealed, in this process) --evaluate--> detectors --findings--> Influence --> prompt

| room | holds |
| --- | --- |
| `shadow` | `ShadowMemory`: the last turns of each session, gone when it ends, expires, or something is forgotten |
| `detectors` | pure functions over turns: loop, escalation, anomaly; what they miss is in benchmarks/README.md |
"""
