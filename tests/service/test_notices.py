"""Notices: where each person wants them, mails that say no marks, and a word before something is due."""

from __future__ import annotations

import dataclasses
import re
from email import message_from_string
from email.utils import parsedate_to_datetime

import pytest
import sqlalchemy as sa
from acting import (
    mailbox,  # noqa: F401 - a fixture
    put,
    verdict,
)
from course import WRONG, csrf, hand_in

from autograder.model import CriterionMark
from autograder.service.operate.people import erase
from autograder.service.rules.notices import KINDS, WAYS
from autograder.service.store.schema import (
    AssignmentRow,
    ExtensionRow,
    JobRow,
    MembershipRow,
    NoticeRow,
    UserRow,
    now,
)
from autograder.service.worker import mailing, notices

HOUR = 3600.0


@pytest.fixture
def with_mail(service):
    service.settings = dataclasses.replace(service.settings, mail_from="gradmark@example.org")
    service.context.settings = service.settings
    return service


def tell(service, name="Ada", *, ago=120.0, **more) -> None:
    with service.store.writing() as db:
        row = {"text": "You had 5 points and now have 6.", "made_at": now() - ago, **more}
        db.add(NoticeRow(user_id=service.people[name], **row))


def mail(service) -> list[str]:
    notices.mail_due(service.store, service.queue)
    return service.work()


def choose(client, *ways: str):
    return client.post("/notices", data={"csrf": csrf(client), "way": list(ways)})


def due_in(service, seconds: float) -> None:
    with service.by_hand() as db:
        asked = db.get_one(AssignmentRow, service.assignment)
        asked.policy = {**asked.policy, "due_at": now() + seconds}


def reminded(service) -> list[str]:
    with service.store.reading() as db:
        names = {id_: name for name, id_ in service.people.items()}
        return sorted(names[one.user_id] for one in db.query(NoticeRow).where(NoticeRow.kind == "due"))


# -------------------------------------------------------------------------------------------------------------- mail
def test_one_mail_brings_all_notices_of_a_person_once_and_says_no_marks(with_mail, mailbox):  # noqa: F811
    tell(with_mail)
    tell(with_mail, kind="reply", text="Grace commented on submission 1 of Optimizers.", submission_id="s" * 16)
    tell(with_mail, "Bob", kind="extended", text="Optimizers: your due time is now later.")
    assert mail(with_mail) == ["notices"]
    assert sorted(to for _, to, _ in mailbox) == [["ada@example.org"], ["bob@example.org"]]
    text = next(text for _, to, text in mailbox if to == ["ada@example.org"])
    assert "Subject: 2 notices about your assignments" in text
    assert "A mark of yours was changed." in text
    assert "5 points" not in text
    assert "http://testserver/s/ssssssssssssssss" in text
    assert mail(with_mail) == []


def test_a_notice_waits_a_minute_for_others_and_old_ones_are_not_sent(with_mail, mailbox):  # noqa: F811
    tell(with_mail, ago=5)
    tell(with_mail, "Bob", ago=3 * 86_400)
    assert mail(with_mail) == []
    assert mailbox == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_can_be_switched_off_and_on_by_page_and_by_mail(with_mail, mailbox, kind):  # noqa: F811
    ada = with_mail.browser("Ada")
    for ways in ((), ("page",), ("mail",), ("page", "mail")):
        choose(ada, *(f"{kind}.{way}" for way in ways))
        tell(with_mail, kind=kind, text="This was told.")
        mail(with_mail)
        assert ("This was told." in ada.get("/").text) == ("page" in ways)
        assert bool(mailbox) == ("mail" in ways)
        mailbox.clear()
        with with_mail.store.writing() as db:
            db.execute(sa.delete(NoticeRow))


def test_the_page_shows_what_is_chosen_and_keeps_it(with_mail):
    ada = with_mail.browser("Ada")

    def checked() -> set[str]:
        return set(re.findall(r'value="(\w+\.\w+)" checked', ada.get("/notices").text))

    usual = {f"{kind.id}.{way}" for kind in KINDS.values() for way in kind.usual}
    assert checked() == usual
    assert choose(ada, "reply.mail", "due.page", "nonsense").status_code == 200
    assert checked() == {"reply.mail", "due.page"}


def test_without_mail_the_page_offers_none_and_keeps_what_was_chosen(service):
    ada = service.browser("Ada")
    with service.store.writing() as db:
        db.get_one(UserRow, service.people["Ada"]).notices = {"reply": ["mail"]}
    assert "by e-mail" not in ada.get("/notices").text
    choose(ada, "reply.page")
    with service.store.reading() as db:
        assert db.get_one(UserRow, service.people["Ada"]).notices["reply"] == ["page", "mail"]
    assert WAYS == ("page", "mail")


def test_a_mail_that_does_not_go_out_is_tried_again_and_nothing_is_noted_as_sent(with_mail, monkeypatch):
    monkeypatch.setenv("GRADMARK_SMTP_URL", "ftp://nowhere")
    tell(with_mail)
    assert mail(with_mail) == ["notices"] * (1 + len(mailing.RETRY_SECONDS))
    with with_mail.store.reading() as db:
        assert db.query(NoticeRow).one().mailed_at is None
        assert db.query(JobRow).one().state == "parked"
    assert mail(with_mail) == [], "a server that is down is not asked all the time"


def told_staff(service) -> list[str]:
    with service.store.reading() as db:
        return list(db.scalars(sa.select(NoticeRow.text).where(NoticeRow.kind == "platform").order_by(NoticeRow.text)))


@pytest.mark.parametrize("good", [True, False], ids=["refused for good", "put off"])
def test_an_address_that_takes_no_mail_holds_up_nobody_elses(with_mail, mailbox, caplog, good):  # noqa: F811
    """Ada's mail may be the first of them: whatever the server says to it, the others' go out."""
    said = "550 5.1.1 <ada@example.org>: no such user" if good else "452 4.2.2 the mailbox of ada@example.org is full"
    mailbox.answers["ada@example.org"] = said
    for name in ("Ada", "Bob", "Carol"):
        if name == "Carol":
            with_mail.person(name)
        tell(with_mail, name)
    assert mail(with_mail) == ["notices"]
    assert sorted(to for _, to, _ in mailbox) == [["bob@example.org"], ["carol@example.org"]]
    assert mail(with_mail) == [], "asked again at once"
    assert bool(told_staff(with_mail)) == good
    assert all("Ada" in one and said in one for one in told_staff(with_mail))
    assert "ada@example.org" not in caplog.text, "logs name no address"
    mailbox.answers.clear()
    with with_mail.by_hand() as db:
        db.execute(sa.update(JobRow).values(finished_at=now() - 2 * HOUR))
    assert mail(with_mail) == ([] if good else ["notices"]), "what was put off is tried an hour later"
    assert [to for _, to, _ in mailbox].count(["ada@example.org"]) == (0 if good else 1)


def test_instructors_are_told_once_of_an_address_that_takes_no_mail_and_of_another_again(with_mail, mailbox):  # noqa: F811
    mailbox.answers |= {"ada@example.org": "550 no such user", "ada@elsewhere.org": "550 no such user"}
    for email in ("ada@example.org", "ada@example.org", "ada@elsewhere.org"):
        with with_mail.by_hand() as db:
            db.get_one(UserRow, with_mail.people["Ada"]).email = email
        assert with_mail.browser().post("/sign-in", data={"email": email}).status_code == 200
        assert with_mail.work() == ["mail"], "what is refused for good is not tried again"
    with with_mail.by_hand() as db:
        staff = db.query(MembershipRow).where(MembershipRow.role == "staff").count()
    assert len(told_staff(with_mail)) == 2 * staff
    erase(with_mail.store, with_mail.people["Ada"])
    assert told_staff(with_mail) == [], "the name of who was erased stays in no notice"


@pytest.mark.parametrize("mail_from", ["", "gradmark@example.org"])
def test_the_first_steps_of_a_course_say_how_students_sign_in_here(service, mail_from):
    service.settings = dataclasses.replace(service.settings, mail_from=mail_from)
    steps = service.browser("Staff").get(f"/staff/c/{service.course}").text
    assert ("sign in with the e-mail address that the roster knows" in steps) == bool(mail_from)
    assert ("Send each student a sign-in link" in steps) != bool(mail_from)


def test_a_mail_has_what_every_mail_must_have(with_mail, mailbox):  # noqa: F811
    """RFC 5322, section 3.6: a date; and an identifier, without which spam filters think little of it."""
    tell(with_mail)
    mail(with_mail)
    with_mail.browser().post("/sign-in", data={"email": "ada@example.org"})
    with_mail.work()
    read = [message_from_string(text) for _, _, text in mailbox]
    assert len(read) == 2
    for one in read:
        assert abs(parsedate_to_datetime(one["Date"]).timestamp() - now()) < 60
        assert one["Message-ID"].endswith("@example.org>")
    assert len({one["Message-ID"] for one in read}) == 2


# ------------------------------------------------------------------------------------------------------ in the page
@pytest.mark.slow
def test_who_looks_at_a_submission_has_read_its_notices(service):
    id_ = hand_in(service, "Ada", WRONG)
    service.work()
    tell(service, submission_id=id_)
    ada, bob = service.browser("Ada"), service.browser("Staff")
    bob.get(f"/staff/s/{id_}")
    assert "now have 6" in ada.get("/").text
    ada.get(f"/s/{id_}")
    assert "now have 6" not in ada.get("/").text


@pytest.mark.slow
def test_who_asked_for_it_is_told_that_a_submission_was_marked(service):
    hand_in(service, "Bob", WRONG)
    ada = service.browser("Ada")
    choose(ada, "marked.page")
    hand_in(service, "Ada", WRONG)
    service.work()
    with service.store.reading() as db:
        assert [(one.user_id, one.text) for one in db.query(NoticeRow)] == [
            (service.people["Ada"], "Submission 1 of Optimizers was marked.")
        ]


# ---------------------------------------------------------------------------------------------------- due tomorrow
def test_students_with_points_to_gain_are_reminded_once_within_a_day(service):
    due_in(service, 30 * HOUR)
    assert notices.remind(service.store) == 0
    due_in(service, 20 * HOUR)
    assert notices.remind(service.store) == 2
    assert reminded(service) == ["Ada", "Bob"]
    assert notices.remind(service.store) == 0
    due_in(service, 22 * HOUR)
    assert notices.remind(service.store) == 2, "another time is news"
    due_in(service, -HOUR)
    assert notices.remind(service.store) == 0


def test_an_extension_moves_the_reminder_and_who_left_or_has_all_points_gets_none(service):
    due_in(service, 20 * HOUR)
    for name in ("Left", "Done", "Extended"):
        service.person(name)
    with service.by_hand() as db:
        db.execute(sa.update(MembershipRow).where(MembershipRow.user_id == service.people["Left"]).values(dropped=True))
        extension = {"user_id": service.people["Extended"], "due_at": now() + 90 * HOUR}
        db.add(ExtensionRow(assignment_id=service.assignment, **extension))
    right = verdict(criteria=(CriterionMark("sgd", "The plain step", 10, 10, "passed"),), quiz=(), quiz_points=0)
    put(service, "Done", right)
    notices.remind(service.store)
    assert reminded(service) == ["Ada", "Bob"]
    with service.by_hand() as db:
        db.get_one(ExtensionRow, (service.assignment, service.people["Extended"])).due_at = now() + 23 * HOUR
    notices.remind(service.store)
    assert "Extended" in reminded(service)
