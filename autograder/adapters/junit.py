"""JUnit XML, which Artemis, Jenkins and GitLab read.

python -m autograder.adapters.junit PATH [--assignment ID] [--seed N] [--sandbox NAME]
"""

from __future__ import annotations

import sys
from xml.etree import ElementTree as ET

from autograder.adapters import common
from autograder.model import Report
from autograder.render import points, total


def xml(report: Report) -> str:
    """A report as one suite: a case for each row, which fails unless the row has all its points."""
    score, maximum = total(report)
    rows = common.rows(report)
    failures = sum(not row.passed and row.status != "not_run" for row in rows)
    skipped = sum(row.status == "not_run" for row in rows)
    broken = report.status != "graded"
    counts = {"tests": len(rows) + broken, "failures": failures, "skipped": skipped, "errors": int(broken)}
    suite = ET.Element("testsuite", name=f"gradmark.{report.assignment}", time=f"{report.seconds:.3f}")
    suite.attrib |= {name: str(count) for name, count in counts.items()}
    properties = ET.SubElement(suite, "properties")
    facts = {"score": points(score), "max_score": points(maximum), "seed": str(report.seed), "status": report.status}
    for name, value in facts.items():
        ET.SubElement(properties, "property", name=name, value=value)
    if broken:
        case = ET.SubElement(suite, "testcase", classname=report.assignment, name="submission", time="0")
        ET.SubElement(case, "error", message=report.status).text = common.heading(report)
    for row in rows:
        case = ET.SubElement(suite, "testcase", classname=report.assignment, name=row.id, time="0")
        if row.status == "not_run":
            ET.SubElement(case, "skipped", message=common.of(row))
        elif not row.passed:
            ET.SubElement(case, "failure", message=common.of(row)).text = row.text
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def main() -> int:
    _, report = common.asked("Marks a submission and prints JUnit XML.")
    sys.stdout.write(xml(report))
    return common.status(report)


if __name__ == "__main__":
    sys.exit(main())
