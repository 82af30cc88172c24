"""What a user of Code Ocean's published client does, against the lab. Fails with a traceback."""

import os
import time

try:
    from codeocean import CodeOcean
except ImportError:
    raise SystemExit("the package codeocean is missing: run the tests with tools/test, which installs it")
from codeocean.capsule import CapsuleSearchParams
from codeocean.computation import ComputationEndStatus, ComputationState, NamedRunParam, RunParams
from codeocean.error import Error

client = CodeOcean(domain=os.environ["LAB_URL"], token=os.environ["LAB_TOKEN"])


def fails(status, act):
    try:
        act()
    except Error as error:
        assert error.status_code == status, error
        assert error.message not in ("", "An error occurred."), error
    else:
        raise AssertionError(f"{status} was expected")


found = {one.name: one for one in client.capsules.search_capsules_iterator(CapsuleSearchParams(limit=10))}
assert set(found) == {"Count", "Wait"}, found
count = client.capsules.get_capsule(found["Count"].id)
assert count.owner == "Ada" and count.status == "non_release", count

run = client.computations.run_capsule(
    RunParams(capsule_id=count.id, parameters=["a b"], named_parameters=[NamedRunParam("depth", "3")])
)
assert run.state == ComputationState.Initializing, run
done = client.computations.wait_until_completed(run, polling_interval=5, timeout=60)
assert (done.state, done.end_status, done.exit_code) == (ComputationState.Completed, ComputationEndStatus.Succeeded, 0)
assert done.has_results, done
items = client.computations.list_computation_results(run.id).items
assert [(item.path, item.type, item.size) for item in items] == [("out.txt", "file", 14)], items
assert client.computations.get_result_file_urls(run.id, "out.txt").download_url.endswith("/results/out.txt")
client.computations.rename_computation(run.id, "renamed")
assert [one.name for one in client.capsules.list_computations(count.id)] == ["renamed"]

waiting = client.computations.run_capsule(RunParams(capsule_id=found["Wait"].id))
deadline = time.monotonic() + 30
while client.computations.get_computation(waiting.id).state != ComputationState.Running:
    assert time.monotonic() < deadline, "it never ran"
    time.sleep(0.2)
client.computations.delete_computation(waiting.id)
assert client.capsules.list_computations(found["Wait"].id) == []
while True:
    try:
        client.computations.get_computation(waiting.id)
    except Error as error:
        assert error.status_code == 404, error
        break
    assert time.monotonic() < deadline, "it never stopped"
    time.sleep(0.2)

fails(404, lambda: client.computations.get_computation("none"))
fails(404, lambda: client.capsules.get_capsule("none"))
fails(404, lambda: client.data_assets.get_data_asset("none"))
fails(400, lambda: client.computations.run_capsule(RunParams()))
fails(401, lambda: CodeOcean(domain=os.environ["LAB_URL"], token="wrong").capsules.get_capsule(count.id))
