"""A step that is cancelled, fails or is killed leaves no process of its command behind."""

# No postponed annotations: Dagster reads those of an asset that is made inside a test.

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from .conftest import session_of, wait_for

pytestmark = pytest.mark.integration

# A command with a child of its own that ignores the polite signal, as a trainer stuck in a kernel does.
STUBBORN = textwrap.dedent(
    """
    import os, pathlib, signal, subprocess, sys, time
    child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", child])
    pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
    time.sleep(600)
    """
)
STEP = textwrap.dedent(
    """
    import sys
    import dagster as dg
    from orchestration.defs.process_group import ProcessGroupPipesClient

    @dg.asset
    def step(context: dg.AssetExecutionContext, client: dg.ResourceParam[ProcessGroupPipesClient]):
        client.run(context=context, command=[sys.executable, "-c", sys.argv[1], sys.argv[2]])

    dg.materialize([step], resources={"client": ProcessGroupPipesClient(grace=1.0)})
    """
)


def led_by(file: Path) -> int:
    return int(file.read_text()) if file.is_file() and file.read_text() else 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_step_that_is_stopped_in_any_way_leaves_nothing_behind(number: signal.Signals, tmp_path: Path) -> None:
    # The launcher ends its ranks when it is asked to; here the kernel's signal has to be enough for the leader.
    polite = STUBBORN.replace("signal.signal(signal.SIGTERM, signal.SIG_IGN); ", "")
    polite = polite.replace(
        "time.sleep(600)\n", "signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, 9))\ntime.sleep(600)\n"
    )
    pid_file = tmp_path / "pid"
    script = polite if number == signal.SIGKILL else STUBBORN
    environment = {**os.environ, "DAGSTER_HOME": ""}
    del environment["DAGSTER_HOME"]
    step = subprocess.Popen(
        [sys.executable, "-c", STEP, script, str(pid_file)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(lambda: led_by(pid_file) > 0 or step.poll() is not None, "the start of the command", 120)
        leader = led_by(pid_file)
        wait_for(lambda: len(session_of(leader)) == 2, "the start of its child", 30)
        step.send_signal(number)
        wait_for(lambda: not session_of(leader), "the end of the whole group", 30)
        step.wait(60)
    finally:
        step.kill()
        step.wait()


def test_a_command_that_fails_fails_the_step_with_its_own_words_and_one_that_works_does_not(tmp_path: Path) -> None:
    from orchestration.defs.process_group import ProcessGroupPipesClient

    client = ProcessGroupPipesClient(env={"GREETING": "hello"})

    def run(code: str) -> Any:
        @dg.asset
        def step(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
            client.run(context=context, command=[sys.executable, "-c", code])
            return dg.MaterializeResult()

        return dg.materialize([step], raise_on_error=False)

    assert run("import os, sys; sys.exit(os.environ['GREETING'] != 'hello')").success
    failed = run("import sys; print('Error [INPUT]: the folder is empty.', file=sys.stderr); sys.exit(2)")
    assert not failed.success
    event = next(each for each in failed.all_events if each.event_type_value == "STEP_FAILURE")
    assert "the folder is empty." in str(event.step_failure_data.user_failure_data or event.step_failure_data.error)


def test_what_the_command_reports_reaches_the_log_of_the_run() -> None:
    from orchestration.defs.process_group import ProcessGroupPipesClient

    code = (
        "from cleo_model.training.report import reporter\nwith reporter() as report: report('counting', 3, 3, loss=0.5)"
    )

    @dg.asset
    def step(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        ProcessGroupPipesClient().run(context=context, command=[sys.executable, "-c", code])
        return dg.MaterializeResult()

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([step], instance=instance)
        lines = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert any("counting 3/3  loss 0.5" in line for line in lines)
