"""The commands `gradmark admin …`: what whoever runs the service does at a terminal."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from autograder.service.settings import Settings
    from autograder.service.store import Store

admin = typer.Typer(no_args_is_help=True, help="Run the service: links, backups, people's data, checks.")

Data = Annotated[Path | None, typer.Option(help="The service's folder. Default: gradmark-data.")]
Database = Annotated[str, typer.Option(help="postgresql://… Default: SQLite in the data folder.")]
Who = Annotated[str, typer.Option("--user", help="Whose: an id or an e-mail address.")]


@admin.command()
def link(
    user: Annotated[str, typer.Option(help="Whose: an id or an e-mail address. Default: the first operator's.")] = "",
    url: Annotated[str, typer.Option(help="How browsers reach the service. Default: GRADMARK_URL.")] = "",
    data: Data = None,
    database: Database = "",
) -> None:
    """Print a new sign-in link: the way back in."""
    from autograder.service.store.links import new_link

    with _store(data, database, url) as (settings, store), store.writing() as db:
        person = _person(db, user)
        print(new_link(db, person, settings.public_url))


@admin.command()
def token(
    user: Who,
    name: Annotated[str, typer.Option(help="What it is for, as its owner will read it.")] = "admin",
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is good for.")] = 365,
    data: Data = None,
    database: Database = "",
) -> None:
    """Print a new token for the HTTP API, which may do what its owner may."""
    from autograder.service.store.links import new_token
    from autograder.service.store.rows import note

    with _store(data, database) as (_, store), store.writing() as db:
        made, secret = new_token(db, _person(db, user), name, days)
        note(db, None, "token.made", made.id)
        print(secret)


@admin.command()
def migrate(data: Data = None, database: Database = "") -> None:
    """Bring the database to this release's schema; `gradmark serve` does so when it starts."""
    from autograder.service.store.migrate import migrate as run

    settings = _settings(data, database)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _told():
        run(settings.own_session)


@admin.command()
def backup(
    out: Annotated[Path, typer.Option(help="The .tar.gz to write: a new file, for its owner alone.")],
    data: Data = None,
    database: Database = "",
    *,
    without_secret: Annotated[
        bool, typer.Option("--without-secret", help="Leave out the workers' secret: you keep it elsewhere.")
    ] = False,
) -> None:
    """Write a backup, while the service runs."""
    from autograder.service.operate.backup import backup as write

    with _told():
        write(_settings(data, database), out, secret=not without_secret)
    print(f"{out}: keep it where only you read it; it holds everybody's data")


@admin.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `gradmark admin backup` wrote.")],
    data: Data = None,
    database: Database = "",
) -> None:
    """Make a service out of a backup: in an empty data folder, or an empty Postgres database."""
    from autograder.service.operate.backup import restore as load

    with _told():
        load(_settings(data, database), file)
    print("restored: start gradmark serve with the same --data and --database")


@admin.command()
def export(
    user: Who,
    out: Annotated[Path, typer.Option(help="The zip to write.")],
    data: Data = None,
    database: Database = "",
) -> None:
    """Write all data about one person, for them."""
    from autograder.service.operate.people import export as gathered

    with _store(data, database) as (_, store):
        packed = gathered(store, user)
    try:
        with out.open("xb") as file:
            out.chmod(0o600)
            file.write(packed)
    except OSError as error:
        raise typer.BadParameter(f"{out} cannot be written: {error.strerror}.") from error


@admin.command()
def erase(
    user: Who,
    data: Data = None,
    database: Database = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase one student's data: what they handed in, their reports, marks and identity. There is no way back."""
    from autograder.service.operate.people import erase as gone

    with _store(data, database) as (_, store):
        if not yes:
            typer.confirm(f"Erase everything about {user}, for good?", abort=True)
        print(f"erased; the id {gone(store, user)} stays in audit rows")


@admin.command()
def keep(
    course: Annotated[str, typer.Argument(help="The course's id, as in the address of its pages.")],
    days: Annotated[int, typer.Option(min=0, help="How long its submissions are kept. 0: for ever.")],
    data: Data = None,
    database: Database = "",
) -> None:
    """Say how long a course keeps submissions. Older ones are erased the next day."""
    from autograder.service.operate import CannotOperate
    from autograder.service.store.rows import note
    from autograder.service.store.schema import CourseRow

    with _store(data, database) as (_, store), store.writing() as db:
        found = db.get(CourseRow, course)
        if found is None:
            raise CannotOperate(f"There is no course {course}: its id stands behind /staff/c/ in the address.")
        found.keep_days = days or None
        note(db, None, "course.keeps", course, course, days=found.keep_days)
        print(f"{found.title}: submissions are kept {f'for {days} days' if days else 'for ever'}")


@admin.command()
def retain(data: Data = None, database: Database = "") -> None:
    """Erase submissions that their courses keep no longer; workers do it every day."""
    from autograder.service.operate.housekeeping import retain as outdated
    from autograder.service.operate.people import scrub as clean

    with _store(data, database) as (_, store):
        gone = outdated(store)["submissions"]
        if gone:
            clean(store)
        print(f"{gone} submissions erased")


@admin.command()
def scrub(data: Data = None, database: Database = "") -> None:
    """Take what was deleted out of the database's files; writers wait meanwhile."""
    from autograder.service.operate.people import scrub as clean

    with _store(data, database) as (_, store):
        clean(store)


@admin.command()
def check(data: Data = None, database: Database = "") -> None:
    """Look whether the database is whole; exit status 1 and a line for each fault when it is not."""
    from autograder.service.operate.integrity import check as faults

    with _store(data, database) as (_, store):
        found = faults(store)
    print("\n".join(found) or "all is well")
    if found:
        raise typer.Exit(1)


@admin.command()
def recount(data: Data = None, database: Database = "") -> None:
    """Compute anew what is kept of each student, where check says that it is not what the reports say."""
    from autograder.service.store.standings import recount as again

    with _store(data, database) as (_, store), store.writing() as db:
        again(db)
    print("recounted")


# ----------------------------------------------------------------------------------------------------------------
def _settings(data: Path | None, database: str, url: str = "") -> "Settings":
    from importlib.util import find_spec

    if find_spec("alembic") is None:
        raise typer.BadParameter('The service needs more than the command does: pip install "gradmark[service]"')
    from autograder.service.settings import settings

    return settings(data, database, url)


@contextmanager
def _store(data: Path | None, database: str, url: str = "") -> "Iterator[tuple[Settings, Store]]":
    """The database that is there: none is made."""
    import sqlalchemy as sa

    from autograder.service.store import Store

    settings = _settings(data, database, url)
    file = sa.make_url(settings.database).database
    if settings.database.startswith("sqlite") and not Path(file or "").is_file():
        _cannot(f"There is no database at {file}: say --data or --database.")
    with closing(Store(settings.database)) as store, _told():
        try:
            yield settings, store
        except sa.exc.OperationalError as error:
            _cannot(f"The database does not do that: {error.orig}")


@contextmanager
def _told() -> Iterator[None]:
    """End the command with a sentence where something is not possible."""
    from autograder.service.operate import CannotOperate
    from autograder.service.store.migrate import NewerDatabase

    try:
        yield
    except (CannotOperate, NewerDatabase) as error:
        _cannot(error)


def _person(db: "Session", who: str) -> str:
    """The id of this person; of the operator who was there first, if none is named."""
    import sqlalchemy as sa

    from autograder.service.operate import CannotOperate
    from autograder.service.operate.people import find
    from autograder.service.store.schema import UserRow

    if who:
        return find(db, who).id
    first = db.scalar(
        sa.select(UserRow.id).where(UserRow.operator, UserRow.erased_at.is_(None)).order_by(UserRow.made_at)
    )
    if first is None:
        raise CannotOperate("There is no operator yet: gradmark serve makes the first and prints a link.")
    return first


def _cannot(told: object) -> NoReturn:
    print(f"gradmark: {told}", file=sys.stderr)
    raise typer.Exit(2)
