"""What a public host reads: the workflow runs .ci/run, and the forms for issues are forms."""

import yaml

from tests.scripts import ROOT

HOST = ROOT / ".github"


def test_the_workflow_runs_what_has_to_pass():
    workflow = yaml.safe_load((HOST / "workflows/ci.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert job["steps"][-1]["run"] == "bash .ci/run"
    assert workflow["permissions"] == {"contents": "read"}
    assert {"pull_request", "push"} == set(workflow[True])  # YAML reads `on` as true


def test_the_forms_have_fields():
    forms = [path for path in (HOST / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config"]
    assert len(forms) == 2
    for path in forms:
        form = yaml.safe_load(path.read_text())
        assert form["name"] and form["description"]
        fields = [field["attributes"]["label"] for field in form["body"] if field["type"] == "textarea"]
        assert len(fields) == len(set(fields)) >= 2
