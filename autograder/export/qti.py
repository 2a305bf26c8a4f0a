"""A quiz as a QTI 1.2 package: the zip that Canvas, Blackboard and PrairieLearn import."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from autograder.export.html import plain
from autograder.export.qti_items import add, add_fields, add_item, nest
from autograder.export.questions import QuestionPool
from autograder.zips import zipped

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
_CANVAS = "http://canvas.instructure.com/xsd/cccv1p0"
_PACKAGE = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"


def write(id: str, title: str, pools: Sequence[QuestionPool]) -> bytes:  # noqa: A002
    """The zip: a manifest, and for the one quiz its settings and its questions."""
    quiz = "quiz-" + "-".join((id, pools[0].ident[1:17]))
    points = sum(pool.points for pool in pools)
    files = {
        "imsmanifest.xml": _document(_manifest(quiz, title)),
        f"{quiz}/assessment_meta.xml": _document(_settings(quiz, title, points)),
        f"{quiz}/{quiz}.xml": _document(_assessment(quiz, title, pools)),
        "non_cc_assessments/": b"",  # Canvas looks for the folder
    }
    return zipped(files.items(), stored=True)


def _document(root: ET.Element) -> bytes:
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def _manifest(quiz: str, title: str) -> ET.Element:
    root = ET.Element("manifest", {"identifier": f"{quiz}-manifest", "xmlns": _PACKAGE})
    metadata = ET.SubElement(root, "metadata")
    add(metadata, "schema", "IMS Content")
    add(metadata, "schemaversion", "1.1.3")
    lom = ET.SubElement(metadata, "imsmd:lom", {"xmlns:imsmd": "http://www.imsglobal.org/xsd/imsmd_v1p2"})
    add(nest(lom, "imsmd:general", "imsmd:title"), "imsmd:string", plain(title))
    ET.SubElement(root, "organizations")
    resources = ET.SubElement(root, "resources")
    questions = ET.SubElement(resources, "resource", identifier=quiz, type="imsqti_xmlv1p2")
    ET.SubElement(questions, "file", href=f"{quiz}/{quiz}.xml")
    ET.SubElement(questions, "dependency", identifierref=f"{quiz}-meta")
    meta = f"{quiz}/assessment_meta.xml"
    kind = "associatedcontent/imscc_xmlv1p1/learning-application-resource"
    settings = ET.SubElement(resources, "resource", identifier=f"{quiz}-meta", type=kind, href=meta)
    ET.SubElement(settings, "file", href=meta)
    return root


def _settings(quiz: str, title: str, points: float) -> ET.Element:
    root = ET.Element("quiz", {"identifier": quiz, "xmlns": _CANVAS})
    for name, value in (
        ("title", plain(title)),
        ("description", ""),
        ("shuffle_answers", "false"),  # lines of code and positions have an order
        ("scoring_policy", "keep_highest"),
        ("quiz_type", "assignment"),
        ("points_possible", f"{points:g}"),
        ("show_correct_answers", "true"),
        ("allowed_attempts", "1"),
        ("available", "false"),  # the instructor looks first, then publishes
    ):
        add(root, name, value)
    return root


def _assessment(quiz: str, title: str, pools: Sequence[QuestionPool]) -> ET.Element:
    root = ET.Element(
        "questestinterop",
        {
            "xmlns": _QTI,
            "xmlns:xsi": _XSI,
            "xsi:schemaLocation": f"{_QTI} http://www.imsglobal.org/xsd/ims_qtiasiv1p2p1.xsd",
        },
    )
    assessment = ET.SubElement(root, "assessment", ident=quiz, title=plain(title))
    add_fields(assessment, {"cc_maxattempts": "1"})
    section = ET.SubElement(assessment, "section", ident="root_section")
    for pool in pools:
        if len(pool.questions) == 1:
            add_item(section, pool.questions[0])
            continue
        group = ET.SubElement(section, "section", ident=pool.ident, title=plain(pool.title))
        selection = nest(group, "selection_ordering", "selection")
        add(selection, "selection_number", "1")
        add(ET.SubElement(selection, "selection_extension"), "points_per_item", f"{pool.points:g}")
        for question in pool.questions:
            add_item(group, question)
    return root
