#!/usr/bin/env bash
# The whole test suite, with coverage on the screen and as HTML, and the floor for what trust and memory rest on.
set -euo pipefail
bin=$1
"$bin/python" scripts/fetch_test_servers.py || echo "The tests against these servers will be skipped." >&2
"$bin/coverage" erase
status=0
# Two at a time, each file whole in one process: most tests wait for a server as long as they compute. In the order of
# the folders, so that the long run of the chain begins first.
"$bin/python" -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report= "${@:2}" || status=$?
"$bin/coverage" report --skip-covered | tail -n 40 || true
"$bin/coverage" html -q || true
[ "$status" -eq 0 ] || exit "$status"
"$bin/coverage" report --fail-under=95 --include='cleo_core/crypto/*,cleo_core/provenance/*,cleo_core/registry/pull.py,cleo_core/proof/*,cleo_core/audit/*,cleo_memory/*' | tail -n 3
