"""Recognizes the columns of lists of people by their titles, as platforms and offices of many countries write them.

A title is known as it stands, or by what is left of it without remarks ("(7 digits)"), forms of gender ("Student*in")
and words of course ("What is your …"), or by a word of numbers of students in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

IDS = ("institution", "id", "login", "email", "platform")  # which of a person's ids is theirs: the first that is there
MAX_TITLE = 80  # characters: longer cells are texts

# What columns are called, without case, accents and punctuation; of several that are there, the first names the person.
_TITLES = {
    "institution": """
        sis user id, sis id, identifiant sis, id utilisateur sis, sis benutzer id, orgdefinedid,
        org defined id, student id, studentid, sid, student number, student no, student nr, id number,
        idnumber, registration number, registration no, reg no, reg nr, regnr, roll number, roll no,
        enrollment number, enrollment id, enrolment number, enrolment id, candidate number, candidate no,
        university id, unique user id, unique id, roster identifier, matrikelnummer, matrikelnr,
        matrikel nr, matrikel, martrikelnummer, matr nr, matrnr, mat nr, matnr, id nummer, personnummer,
        studentnummer, studienummer, numero etudiant, n etudiant, no etudiant, numero d etudiant,
        numero d identification, matricule, ine, cod etu, code etudiant, num etudiant, numero de id,
        numero de identificacion, numero de identificação, numero id, numero de matricula, matricola, uid,
        uin, usn, uun, pid, emplid, empl id, student emplid, registrierungsnummer, bewerbernummer,
        n de matricula, no de matricula, n o de matricula, numer albumu, nr albumu, numer indeksu, numer id,
        n matricola, numero di matricola, codice identificativo, opiskelijanumero, tunnistenumero,
        studentnr, nia, dni, niu, mssv, identifikační číslo, osobní číslo, číslo studenta, öğrenci no,
        öğrenci numarası, okul no, neptun, neptun kód, nr matricol, număr matricol, αριθμός μητρώου,
        номер зачётной книжки, номер студента, номер студенческого билета, студенческий билет, 学号, 學號, 学籍番号,
        学生番号, 学生証番号, 학번, الرقم الجامعي, mã sinh viên, mã số sinh viên, nim, npm, jmbag, broj indeksa,
        id broj, id številka, vpisna številka, id číslo, id номер, номер заліковки, azonosító,
        hallgatói azonosító, מספר זהות, מספר סטודנט, رقم الهوية, رقم الطالب
    """,
    "id": "id, identifier, identifiant, kennung, kurzel, identificador, codigo, identificativo, identificatie",
    "login": """
        sis login id, sis anmelde id, identifiant de connexion sis, login id, login, username, user name,
        user, benutzername, benutzerkennung, anmeldename, nutzername, nom d utilisateur, nombre de usuario,
        github username, netid, net id, unikennung, nutzernamen, nutzerkennung, login name, loginname,
        kerberos, unikey, zid, gebruikersnaam, anvandarnamn, nome utente, nome de usuario, nom d usuari,
        brukernavn, brugernavn, käyttäjätunnus, uživatelské jméno, kullanıcı adı, nazwa użytkownika, логин,
        имя пользователя, 用户名, ユーザー名, samaccountname, userprincipalname
    """,
    "platform": "canvas id, lms user id, canvas user id, github id, user id, integration id",
    "email": """
        email, email address, e mail, e mail address, mail, e mail adresse, mailadresse, mail adresse,
        emailadresse, email adresse, adresse de courriel, adresse e mail, adresse email, adresse mail,
        courriel, adresse electronique, correo, correo electronico, direccion de correo, e post, epost,
        sahkoposti, posta elettronica, indirizzo email, indirizzo e mail, endereco de email, adres e mail,
        e mailadres, mailadres, email id, mail id, correo institucional, e postadress, e postadresse,
        e mailadresse, sähköpostiosoite, e mailová adresa, e posta, e posta adresi, adreça electrònica,
        adreça de correu, e mail adresa, e poštni naslov, e mail cím, דוא ל, البريد الإلكتروني,
        електронна пошта, электронная почта, адрес электронной почты, почта,
        邮箱, 电子邮件, 电子邮箱, 邮箱地址, 電子郵件, メールアドレス, メール, 이메일, 이메일 주소
    """,
    "name": """
        name, student, student name, full name, fullname, display name, sortable name, last name first name,
        nachname vorname, name vorname, nom prenom, vollstandiger name, teilnehmer, teilnehmer in,
        student in, studierende, studierender, studierende r, nom complet, etudiant, nombre completo,
        estudiante, roster name, volledige naam, naam, nome completo, cognome e nome, cognome nome,
        nome e cognome, nome, namn, imie i nazwisko, nazwisko i imie, apellidos y nombre,
        nombre y apellidos, aluno, estudante, studente, studerende, studerande, opiskelija, navn, nimi,
        nom i cognoms, jméno a příjmení, ad soyad, adı soyadı, nume complet, nume și prenume, ονοματεπώνυμο,
        фио, фамилия имя отчество, cn, nama lengkap, nama mahasiswa, ime i prezime, ime in priimek, שם מלא,
        الاسم الكامل, имя и фамилия, фамилия имя, студент, 姓名, 氏名, 名前, 이름, 성명, الاسم, họ và tên, nama
    """,
    "first": """
        first name, firstname, first, given name, given names, preferred name, forename, forenames, vorname,
        vornamen, rufname, prenom, prenoms, nombre, nombres, preferred first name, legal first name,
        voornaam, fornamn, fornavn, imie, etunimi, etunimet, jméno, křestní jméno, adı, ad, isim, prenume,
        ime, meno, krstné meno, ім я, שם פרטי, الاسم الأول, keresztnév, όνομα, имя, 名
    """,
    "last": """
        last name, lastname, last, surname, family name, nachname, familienname, nom, nom de famille,
        nom d usage, nom usuel, apellido, apellidos, apellido s, achternaam, efternamn, efternavn,
        etternavn, cognome, cognoms, sobrenome, apelido, nazwisko, sukunimi, příjmení, soyadı, soyad,
        nume de familie, vezetéknév, επώνυμο, фамилия, 姓, sn, prezime, priimek, priezvisko, прізвище,
        שם משפחה, اسم العائلة
    """,
    "section": """
        section, sections, group, groups, gruppe, gruppen, groupe, groupes, section name, abschnitt,
        seccion, sezione, turma, class section, lab section, lecture section, ubungsgruppe, tutorium,
        sectie, sektion, seksjon, secao, seccio, tutorial, tutorial group, группа, 班级, 组
    """,
    "group": """
        group name, team, teams, team name, project group, project team, homework group, submission group,
        hand in group, abgabegruppe, projektgruppe, hausaufgabengruppe, arbeitsgruppe, equipe,
        nom du groupe, equipo, squadra, nome gruppo, groep, grupp, gruppo, grupo
    """,
    "role": "role, roles, rolle, rollen, role s, rol, roles s, ruolo, papel, função, роль",
    "submission": "submission id",
}  # fmt: skip
_STUDENT = (
    r"(?:studen\w*|studi\w+|etudiante?|estudante|estudiante|alumn[oe]|aluno|studerende|opiskelija|ogrenci|apprenant)"
)
_NUMBER = r"(?:ids?|no|nr|num|number|nummer|numer|numero|code|codigo|cod|codice|identifier|identifiant|kennung|kenn\w+)"
_BY_WORDS = (  # of titles that are not in the table: kind -> what is in them
    ("", re.compile(r"\b(?:repository|repo|url|section|course|kurs|cours|account|assignment|team)\b")),
    ("login", re.compile(r"(?=.*\bsis\b).*\b(?:login|logon|anmeld\w*|connexion|inicio|inlogg\w*|aanmeld\w*|acces\w*)")),
    ("institution", re.compile(r"\bsis\b")),
    ("email", re.compile(r"^(?:\w+ ){0,2}e ?mail(?: (?:id|address))?$")),
    ("institution", re.compile(rf"\b{_STUDENT}\b.*\b{_NUMBER}\b|\b{_NUMBER}\b.*\b{_STUDENT}\b|\b{_STUDENT}nummer\b")),
    ("institution", re.compile(r"\b(?:matri[ck]\w*|martrikel\w*|matricola|matricule)\b")),
    ("institution", re.compile(r"\b(?:registration|enroll?ment|roll|university|institution\w*) (?:id|no|num\w+)\b")),
)  # fmt: skip
_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|<[^<>]*>")
_GENDER = re.compile(r"[*:/_·•-]+-?(?:innen|in|r|e|n|a|o|as|os|s|es)(?!\w)|\((?:in|innen|r|e|n|a|o|as|os|s|es)\)")
_OF_COURSE = re.compile(
    r"^(?:what is|please|enter|your|the|student s|students?|learner|user|official|legal|primary)\b ?(?=\w)|"
    r" (?:of (?:the )?(?:student|learner|candidate)s?|d[eu]s? (?:l )?etudiante?|d\w\w studierenden|"
    r"del (?:estudiante|alumno)|do aluno|dello studente|as in .*)$"
)  # fmt: skip
_CANVAS_NAMES = frozenset(
    ("student", "student in", "studierende", "studierende r", "studierender", "etudiant", "estudiante", "aluno",
     "estudante", "studente", "studerande", "studerende", "opiskelija", "elev")
)  # fmt: skip
_CANVAS_SECTIONS = {"section", "abschnitt", "seccion", "sectie", "sektion", "seksjon", "secao", "sezione", "seccio"}


def plain(title: str) -> str:
    """A column's title without case, accents and punctuation."""
    flat = "".join(c for c in unicodedata.normalize("NFKD", title) if not unicodedata.combining(c)).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", flat).split())


_KINDS: dict[str, tuple[str, int]] = {}  # title -> its kind, and its place among those of that kind
for _kind, _names in _TITLES.items():
    for _at, _name in enumerate(" ".join(_names.split()).split(", ")):
        _KINDS.setdefault(plain(_name), (_kind, _at))


@lru_cache(maxsize=1000)
def _kind_of(title: str) -> tuple[str, int]:
    """The kind of a column and its rank among those of its kind; ("", 0) of one that tells nothing of a person."""
    if len(title) > MAX_TITLE or re.search(r"[;|\t]", title.strip()):  # a text, or several titles
        return "", 0
    for form in _forms(title):
        if form in _KINDS:
            return _KINDS[form]
    bare = plain(_REMARK.sub(" ", title))
    return next((kind for kind, pattern in _BY_WORDS if pattern.search(bare)), ""), len(_KINDS)


def _forms(title: str) -> Iterator[str]:
    yield plain(title)
    yield plain(_GENDER.sub("", title))
    bare = _REMARK.sub(" ", title)
    yield plain(bare)
    yield plain(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bare))  # studentId
    form = plain(bare)
    while (shorter := _OF_COURSE.sub("", form).strip()) != form:  # "what is your student ID": a student ID, not any ID
        yield shorter
        form = shorter


def places(header: Sequence[str]) -> dict[str, list[int]]:
    """Kind -> the columns of that kind, the one that names the person first."""
    titles = [plain(cell) for cell in header]
    ranked: dict[str, list[tuple[int, int]]] = {}
    for at, cell in enumerate(header):
        kind, rank = _kind_of(cell)
        if kind:
            ranked.setdefault(kind, []).append((rank, at))
    found = {kind: [at for _, at in sorted(columns)] for kind, columns in ranked.items()}
    if "user id" in titles and "login id" in titles:  # a file that an office sends to Canvas: its own ids
        found["institution"] = [titles.index("user id"), *found.get("institution", ())]
        found["platform"] = [at for at in found["platform"] if at not in found["institution"]]
    _parts_of_names(found, titles)
    _groups(found, titles)
    return found


_EITHER = frozenset(map(plain, ("group", "groups", "gruppe", "gruppen", "groupe", "groupes", "группа", "组")))


def _groups(found: dict[str, list[int]], titles: Sequence[str]) -> None:
    """Settle what a column `group` is: who hands in together, and a section too where no other column is one."""
    either = [at for at in found.get("section", ()) if titles[at] in _EITHER]
    if not either:
        return
    if others := [at for at in found["section"] if at not in either]:
        found["section"] = others
    found["group"] = [*found.get("group", ()), *either]


def _parts_of_names(found: dict[str, list[int]], titles: Sequence[str]) -> None:
    """Settle what one word means in several languages: `Nom` and `Nome` are first names, last names, or whole ones."""
    if "first" not in found and "last" in found and "name" not in found and "nom" in titles:
        found["name"] = found.pop("last")  # a French list with whole names
        if {"cognoms", "cognom"} & {*titles}:  # a Catalan one
            found["first"], found["last"] = (
                [titles.index("nom")],
                [at for at in found.pop("name") if titles[at] != "nom"],
            )
    if "first" in found and "last" not in found:
        for name in {"name", "nume"} & {*titles}:  # a German list: Name, Vorname; a Romanian one: Nume, Prenume
            found["last"] = [titles.index(name)]
            found["name"] = [at for at in found.get("name", ()) if at not in found["last"]]
    if "last" in found and "first" not in found and "nome" in titles:
        found["first"] = [titles.index("nome")]  # an Italian list: Cognome, Nome; a Portuguese one: Nome, Sobrenome
        found["name"] = [at for at in found["name"] if at not in found["first"]]
    if "first" in found and not found.get("last") and not found.get("name"):
        found["name"] = found.pop("first")


def is_canvas(header: Sequence[str]) -> bool:
    """Return whether this is Canvas's export, in any language: whole names first, then its own ids, and a section."""
    titles = [plain(cell) for cell in header]
    if titles[1:2] != ["id"] or not _CANVAS_NAMES & {*_forms(header[0])}:
        return False
    return bool(_CANVAS_SECTIONS & {*titles}) or any("sis" in title.split() for title in titles)


def ids_end(header: Sequence[str]) -> int:
    """The number of columns up to the last of those that tell who somebody is."""
    found = places(header)
    return 1 + max((at for kind in (*IDS, "name", "section") for at in found.get(kind, ())), default=-1)
