"""One reader of rosters: separators, encodings, kinds of ids and languages in any combination."""

from __future__ import annotations

import contextlib
import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import legible
from autograder.roster import BadRoster, owners, parse, read

PEOPLE = [("0071", "Ada", "Lovelace", "ada@uni.edu"), ("0072", "Émile", "Zola", "emile@uni.edu"), ("0073", "Jürgen", "Dö, Jr", "jd@uni.edu")]  # fmt: skip
HEADERS = {  # id, first, last, e-mail
    "plain": ("id", "first_name", "last_name", "email"),
    "Moodle": ("ID number", "First name", "Last name", "Email address"),
    "Moodle, German": ("ID-Nummer", "Vorname", "Nachname", "E-Mail-Adresse"),
    "Moodle, French": ("Numéro d'identification", "Prénom", "Nom", "Adresse de courriel"),
    "German": ("Matrikel-Nr.", "Vorname", "Familienname", "E-Mail"),
    "French": ("N° étudiant", "Prénom", "Nom de famille", "Courriel"),
    "Spanish": ("Número de ID", "Nombre", "Apellido(s)", "Dirección de correo"),
    "Blackboard": ("Student ID", "First Name", "Last Name", "Email"),
    "Brightspace": ("OrgDefinedId", "First Name", "Last Name", "Email"),
    "Gradescope": ("SID", "First Name", "Last Name", "Email"),
    "German, short": ("Matr.-Nr.", "Vorname", "Name", "Mail"),
    "English, other": ("Registration No.", "Given names", "Surname", "E-mail address"),
    "database": ("student_number", "first_name", "family_name", "email_address"),
    "French, other": ("Matricule", "Prénom", "Nom d'usage", "Adresse mail"),
    "Italian": ("Matricola", "Nome", "Cognome", "Indirizzo e-mail"),
    "Dutch": ("Studentnr.", "Voornaam", "Achternaam", "E-mailadres"),
    "Portuguese": ("Nº de matrícula", "Nome", "Sobrenome", "Endereço de email"),
    "Swedish": ("Personnummer", "Förnamn", "Efternamn", "E-post"),
    "PeopleSoft": ("EMPLID", "First Name", "Last Name", "Email"),
    "Stud.IP": ("Nutzernamen", "Vorname", "Nachname", "E-Mail"),
    "TUMonline": ("REGISTRATION_NUMBER", "FIRST_NAME_OF_STUDENT", "FAMILY_NAME_OF_STUDENT", "EMAIL"),
    "British": ("Student Number (7 digits)", "Forename(s)", "Surname", "Email ID"),
    "a form": ("What is your student ID?", "Your first name", "Your last name", "Email Address"),
    "code": ("studentId", "firstName", "lastName", "emailAddress"),
    "Apogée": ("Cod_etu", "Prénom", "Nom_usuel", "Adresse électronique"),
    "Spanish, other": ("ID de estudiante", "Nombre", "Apellidos", "Correo electrónico"),
    "gendered": ("Studierenden-ID", "Vorname*", "Nachname*", "E-Mail"),
    "Catalan": ("Número ID", "Nom", "Cognoms", "Adreça de correu"),
    "Danish": ("ID-nummer", "Fornavn", "Efternavn", "E-mailadresse"),
    "OLAT": ("Institutionelle Nummer", "Vorname", "Nachname", "E-Mail"),
    "shouting": (" STUDENT_ID ", "FIRSTNAME", "SURNAME", "E-MAIL ADDRESS"),
}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp850", "mac_roman"]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(HEADERS)), st.sampled_from(",;\t|"), st.sampled_from(ENCODINGS), st.booleans(), st.permutations(range(4)),
    st.sampled_from(["\n", "\r\n"]), st.integers(0, 2), st.booleans(),
)  # fmt: skip
def test_the_same_people_are_read_however_they_are_written(
    tmp_path_factory, header, separator, encoding, sep_line, order, newline, blank, quoted
):
    out = io.StringIO(newline="")
    out.write((f"sep={separator}" + newline) * sep_line + newline * blank)
    table = csv.writer(
        out, delimiter=separator, lineterminator=newline, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    )
    table.writerow([HEADERS[header][at] for at in order])
    table.writerows([[person[at] for at in order] for person in PEOPLE])
    path = tmp_path_factory.mktemp("roster") / "it.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    found = read(path)
    assert [(p.id, p.first, p.last, p.email) for p in found.people] == PEOPLE
    assert bool(found.remarks) == (encoding in ("cp1252", "cp850", "mac_roman"))
    for person in found.people:
        for key in (person.id, person.email, f"{person.last} {person.first}", f"{person.first} {person.last}"):
            assert found.find([key]) == (person,)


@pytest.mark.parametrize("page", legible.TABLES)
def test_every_header_is_read_in_every_code_page_that_can_write_it(page):
    for names in HEADERS.values():
        line = ",".join(names) + "\n" + ",".join(f"{person[1]} {person[2]}" for person in PEOPLE)
        with contextlib.suppress(UnicodeEncodeError):
            assert legible.decoded(line.encode(page), legible.TABLES)[0] == line


WORLD = {  # id, first, last, e-mail; and the code pages of that country
    "Polish": (("Nr albumu", "Imię", "Nazwisko", "Adres e-mail"), "Łukasz Żółć Świętosława Wąs", ("cp1250", "iso8859_2")),
    "Czech": (("Osobní číslo", "Křestní jméno", "Příjmení", "E-mailová adresa"), "Jiří Dvořák Žaneta Šťastná", ("cp1250", "iso8859_2")),
    "Turkish": (("Öğrenci No", "Adı", "Soyadı", "E-posta"), "Ayşe Yıldız Oğuz Şahin", ("cp1254",)),
    "Finnish": (("Opiskelijanumero", "Etunimi", "Sukunimi", "Sähköposti"), "Väinö Mäkelä Aino Järvi", ("cp1252", "cp850")),
    "Romanian": (("Număr matricol", "Prenume", "Nume", "E-mail"), "Ștefan Țepeș Ana Pop", ()),
    "Russian": (("Номер студента", "Имя", "Фамилия", "Электронная почта"), "Пётр Иванов Анна Смирнова", ("cp1251", "koi8_r")),
    "Greek": (("Αριθμός μητρώου", "Όνομα", "Επώνυμο", "Email"), "Γιώργος Ιωάννου Μαρία Παππά", ("cp1253",)),
    "Croatian": (("JMBAG", "Ime", "Prezime", "E-mail adresa"), "Željka Šarić Đuro Čović", ()),
    "Slovak": (("ID číslo", "Krstné meno", "Priezvisko", "E-mailová adresa"), "Ľubica Šťastná Ján Kováč", ("cp1250",)),
    "Hungarian": (("Azonosító", "Keresztnév", "Vezetéknév", "E-mail cím"), "Őze Nagy Ákos Kiss", ()),
    "Ukrainian": (("ID номер", "Ім'я", "Прізвище", "Електронна пошта"), "Олег Шевченко Їванна Коваль", ("cp1251",)),
    "Hebrew": (("מספר זהות", "שם פרטי", "שם משפחה", 'דוא"ל'), "דוד כהן רות לוי", ()),
    "Chinese": (("学号", "名", "姓", "邮箱"), "伟 张 娜 李", ("gb18030",)),
    "Japanese": (("学籍番号", "名", "姓", "メールアドレス"), "太郎 山田 花子 鈴木", ("cp932",)),
}  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from(list(WORLD)), st.sampled_from(",;\t"), st.permutations(range(4)))
def test_lists_of_other_languages_are_read_in_their_code_pages(tmp_path_factory, data, language, separator, order):
    header, names, pages = WORLD[language]
    encoding = data.draw(st.sampled_from(("utf-8", "utf-16", *pages)))
    first, last, other, another = names.split()
    rows = [header, ("0071", first, last, "a@uni.edu"), ("0072", other, another, "b@uni.edu")]
    path = tmp_path_factory.mktemp("roster") / "it.csv"
    path.write_bytes("\n".join(separator.join(row[at] for at in order) for row in rows).encode(encoding))
    found = read(path)
    assert [(p.id, p.first, p.last, p.email) for p in found.people] == rows[1:]
    assert bool(found.remarks) == (encoding in pages)


CANVAS = 'Student,ID,{0}SIS Login ID,Section,Essay (7)\n,,,,Manual Posting\n"    Points Possible",,,,100\n'


@pytest.mark.parametrize("sis", [True, False])
def test_an_export_of_canvas_has_no_students_that_are_none(sis):
    text = CANVAS.format("SIS User ID," if sis else "")
    text = text.replace(",,,,", ",,,,,") if sis else text
    rows = [["Doe, Jane", "12345", "s1", "jdoe", "S"], ["Student, Test", "99", "", "a1b2", "S"]]
    for row in rows:
        name, *rest = row if sis else [row[0], row[1], *row[3:]]
        text += f'"{name}",{",".join(rest)},\n'
    (jane,) = parse(text).people
    assert (jane.id, jane.platform_id, jane.name) == ("s1" if sis else "jdoe", "12345", "Jane Doe")
    assert {"12345", "jdoe"} <= set(jane.ids)


@pytest.mark.parametrize("word", ["Participant ", "Teilnehmer/in", "Participante "])
def test_the_number_of_a_participant_is_an_id_and_not_the_one_that_counts(word):
    text = (
        f"Identifier,Full name,Email address\n{word}1234,Ada Lovelace,ada@uni.edu\n{word}1235,Bob Stone,bob@uni.edu\n"
    )
    ada, bob = parse(text).people
    assert (ada.id, bob.id) == ("ada@uni.edu", "bob@uni.edu")
    assert parse(text).find(["1235"]) == (bob,)


@pytest.mark.parametrize("header", ["Nachname, Vorname", "Last Name, First Name", "Student Name", "sortable_name"])
def test_a_whole_name_in_one_column_has_its_parts(header):
    (ada,) = parse(f'"{header}";Matrikelnummer\n"Lovelace, Ada";4711\n').people
    assert (ada.first, ada.last) == ("Ada", "Lovelace")


@pytest.mark.parametrize(
    "role",
    ["Teacher", "Non-editing teacher", "TA", "Dozent/in", "Enseignant", "Instructor, Grader", "Kursadministrator"],
)
def test_who_teaches_is_no_student(role):
    found = parse(f'id,name,Roles\nada,Ada Lovelace,Student\nbob,Bob Stone,"{role}"\ncy,Cy Young,"Student, TA"\n')
    assert [person.id for person in found.people] == ["ada", "cy"]
    assert "Bob Stone" in found.remarks[0]


CANVASES = {  # what its export calls its columns
    "English": "Student,ID,SIS User ID,SIS Login ID,Section", "German": "Student/in,ID,SIS-Benutzer-ID,SIS-Anmelde-ID,Abschnitt",
    "French": "Étudiant,ID,Identifiant SIS,Identifiant de connexion SIS,Section",
    "French, other": "Étudiant(e),ID,ID SIS de l'utilisateur,Identifiant de connexion SIS,Section",
    "German, other": "Studierende*r,ID,SIS-Benutzer-ID,SIS-Anmelde-ID,Abschnitt",
    "Spanish": "Estudiante,ID,Identificación de usuario del SIS,ID de inicio de sesión del SIS,Sección",
    "Portuguese": "Aluno,ID,ID de usuário SIS,ID de login SIS,Seção",
    "Dutch": "Student,ID,SIS-gebruikers-ID,SIS-aanmeldings-ID,Sectie",
    "Swedish": "Student,ID,SIS-användar-ID,SIS-inloggnings-ID,Sektion",
}  # fmt: skip


@pytest.mark.parametrize("language", CANVASES)
def test_an_export_of_canvas_is_known_in_other_languages(language):
    (ada,) = parse(f'{CANVASES[language]},Opt (1)\n"Lovelace, Ada",12,s1,ada01,S,\n').people
    assert (ada.id, ada.login, ada.platform_id, ada.section) == ("s1", "ada01", "12", "S")


def test_a_list_of_ones_own_with_an_id_and_groups_is_not_canvass():
    (ada,) = parse("Full name,ID,Group,Email\nAda Lovelace,4711,G1,ada@uni.edu\n").people
    assert ada.id == "4711"


NUMBERS = ["123456", "123457", "123458", "123459"]
BAD = {
    "“N/A” was damaged": "#N/A", "“####” was damaged": "#####", "“1-Mar” was damaged": "1-Mar", "“03. Mrz” was": "03. Mrz",
    "damaged by a spreadsheet": "1.23E+11", "was damaged": "1,2e+05", "Export the list again": "123456.0",
    "has 5 digits, the others have 6": "12346", "has 7 digits": "1234567", "“Mar-21” was damaged": "Mar-21",
    "“1,234,567” was damaged": "1,234,567", "“TRUE” was damaged": "TRUE", "looks like a date": "01/03/2026",
    "“WERT!” was damaged": "#WERT!", "“NV” was damaged|“#NV” was": "#NV", "“¡VALOR!” was": "#¡VALOR!", "“NOM.” was": "#NOM?",
    "“DIV/0!” was": "#DIV/0!", "“Err:502” was": "Err:502", "“01-janv” was": "01-janv", "“3-févr.” was": "3-févr.",
    "“WAAR” was": "WAAR", "“VERDADERO” was": "VERDADERO",
    "“2021-03-01” looks": "2021-03-01", "“3.1.2026” looks": "3.1.2026",
}  # fmt: skip


@pytest.mark.parametrize("told", BAD)
@pytest.mark.parametrize("title", ["id", "Matrikelnummer", "SIS User ID", "OrgDefinedId"])
def test_an_id_that_a_spreadsheet_damaged_is_refused_with_its_line(told, title):
    text = "\n".join([f"{title};name", *(f"{number};x" for number in NUMBERS), f'"{BAD[told]}";Ada'])
    with pytest.raises(BadRoster, match=rf"Line 6 .*{told.replace('+', '.')}"):
        parse(text)


@pytest.mark.parametrize("odd", ["12346", "2021-03-01"])
def test_an_id_with_an_apostrophe_is_right_as_it_stands(odd):
    assert parse("id\n" + "\n".join([*NUMBERS, f"'{odd}"])).people[-1].id == odd


def test_ids_that_all_look_like_dates_are_an_institutions_own():
    assert len(parse("id\n2021-03-01\n2021-03-02\n2021-04-01").people) == 3


def test_numbers_of_which_a_spreadsheet_kept_15_digits_are_refused():
    numbers = [f"12345678901234{n}0" for n in range(4)]
    with pytest.raises(BadRoster, match=r"Line 2 .* keeps 15 digits"):
        parse("id\n" + "\n".join(numbers))
    assert len(parse("id\n" + "\n".join([*numbers, "1234567890123467"])).people) == 5


SHAPES = {
    "titles above": "University of X\nCourse: CS 101\nTerm: Fall\nPrinted: today\nEnrolled, of 40: 2\nRoom 7\n\nid;name\n{ada}\n{bob}\n",
    "a sum below": "id;name\n{ada}\n{bob}\n\nTotal students: 2\n",
    "a sum in two cells": "id;name\n{ada}\n{bob}\nTotal;2\n",
    "Google Classroom": "name;id\nDate;\nPoints;\nClass Average;\nAda Lovelace;u1\nBob Stone;u2\n",
    "signs of no width": "id;name\n\u00a0u1\u200b;Ada Lovelace\n\u200eu2;Bob Stone\n",
    "apostrophes": "'id';'name'\n'u1';'Ada Lovelace'\n'u2';'Bob Stone'\n",
    "spaces before quotes": 'id, name\nu1, "Lovelace, Ada"\nu2, "Stone, Bob"\n',
    "a count in front": ";id;name\n0;u1;Ada Lovelace\n1;u2;Bob Stone\n",
    "a remark in the header": "Student ID (as on card);Full name (as in passport)\n{ada}\n{bob}\n",
    "names with commas": "Last Name, First Name;Student ID\nLovelace, Ada;u1\nStone, Bob;u2\n",
    "every line in quotes": '"id;name"\n"u1;Ada Lovelace"\n"u2;Bob Stone"\n',
    "names of columns on each page": "id;name\n{ada}\nid;name\n{bob}\n",
    "a tab behind each comma": "Student ID,\tName\nu1,\tAda Lovelace\nu2,\tBob Stone\n",
    "an office to Canvas": "user_id,login_id,first_name,last_name,status\nu1,al,Ada,Lovelace,active\nu2,bs,Bob,Stone,active\n",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_what_stands_around_a_list_is_no_student(shape):
    people = parse(SHAPES[shape].format(ada="u1;Ada Lovelace", bob="u2;Bob Stone")).people
    assert [(p.id, p.first, p.last) for p in people] == [("u1", "Ada", "Lovelace"), ("u2", "Bob", "Stone")]


@pytest.mark.parametrize("sign", list(".'’ "))
def test_a_number_is_found_with_and_without_signs_between_its_thousands(sign):
    roster = parse(f"id;name\n1{sign}230{sign}017;Ada\n1{sign}230{sign}018;Bob\n")
    assert [roster.find([key])[0].name for key in ("1230018", f"1{sign}230{sign}018")] == ["Bob", "Bob"]


def test_people_called_like_words_of_sums_are_students():
    text = "id,first,last\n1,Max,Page\n2,Total,Count\n3,Date,Sum\n"
    assert len(parse(text).people) == 3


GITHUB = "assignment_name,github_username,roster_identifier,student_repository_name\nopt,ada,u1,opt-ada\n"


def test_the_grades_of_github_classroom_are_a_roster_too():
    (ada,) = parse(GITHUB).people
    assert (ada.id, ada.login) == ("u1", "ada")


def test_numbers_that_platforms_count_up_may_have_any_width():
    assert len(parse("id\n" + "\n".join(map(str, range(1, 12)))).people) == 11


@pytest.mark.parametrize(
    "path",
    [
        "sub/ada01/optimizers.py", "ada01.zip", "lovelaceada_12345_678_optimizers.py", "Ada Lovelace_99_assignsubmission_file",
        "optimizers-ada01", "x/12345/y/optimizers.py", "optimizers_ada01_attempt", "Lovelace Ada/optimizers.ipynb", "ADA01/it.py",
    ],
)  # fmt: skip
def test_a_person_is_known_by_any_id_and_by_name(path):
    text = (
        'Student,ID,SIS User ID,SIS Login ID,Section\n"Lovelace, Ada",12345,s1,ada01,\n"Stone, Bob",12346,s2,bob02,\n'
    )
    (ada,) = owners(parse(text), (), path)
    assert ada.id == "s1"
    assert owners(parse(text), (), "mallory/optimizers.py") == ()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["Lecture", "Lab 1", "Lab 2"]), min_size=1, max_size=3, unique=True), min_size=3, max_size=3))  # fmt: skip
def test_a_row_for_each_section_makes_one_person(sections):
    rows = [(*person, one) for person, theirs in zip(PEOPLE, sections, strict=True) for one in theirs]
    out = io.StringIO(newline="")
    csv.writer(out).writerows([("id", "first", "last", "email", "section"), *sorted(rows, key=lambda row: row[-1])])
    found = parse(out.getvalue())
    assert sorted(p.id for p in found.people) == [person[0] for person in PEOPLE]
    assert [sorted(found.find([p[0]])[0].section.split(", ")) for p in PEOPLE] == [sorted(one) for one in sections]
    assert sorted(row for p in found.people for row in (p.row, *p.more_rows)) == list(range(len(rows)))
    assert any("one person each" in told for told in found.remarks) == any(len(one) > 1 for one in sections)


def test_rows_with_one_id_and_other_names_are_asked_about():
    with pytest.raises(BadRoster, match="is there twice"):
        parse("id,name\n7,Ada\n7,Alan\n")


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04\x14\x00", b"\xd0\xcf\x11\xe0\xa1", b"  <HTML><table>", b"<?xml version='1.0'?>"]
)
def test_a_workbook_or_a_page_is_told_what_it_is(tmp_path, data):
    path = tmp_path / "list.csv"
    path.write_bytes(data + bytes(60))
    with pytest.raises(BadRoster, match="save it as CSV"):
        read(path)


def test_two_of_one_name_are_two():
    text = "id,first name,last name\na,Ann,Lee\nb,Ann,Lee\n"
    assert [person.id for person in owners(parse(text), ("Ann Lee",), "")] == ["a", "b"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["ada@uni.edu", "ada.l@home.org", "a-1@x.y.z", "o'hara@uni.ie"]), min_size=1, max_size=3, unique=True),
    st.sampled_from(["; ", ";", ", ", " ", " / ", "|"]), st.sampled_from(["{}", "Ada Lovelace <{}>", "<{}>", "({})"]),
    st.sampled_from(["Email", "E-Mail-Adresse", "Courriel"]),
)  # fmt: skip
def test_somebody_with_several_addresses_is_found_by_each(addresses, between, form, header):
    written = between.join(form.format(address) for address in addresses)
    found = parse(f'ID,Name,{header}\n0071,Ada Lovelace,"{written}"\n')
    assert found.people[0].email == addresses[0]
    for address in addresses:
        assert found.find([address]) == found.people


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("aeAEéüößçñÉÖłŽ"), min_size=1, max_size=8))
def test_names_that_were_encoded_twice_are_told(name):
    damaged = name.encode().decode("cp1252", "ignore")
    remarks = "".join(parse(f"ID,Name\n0071,{damaged} Zola\n").remarks)
    if damaged.encode("cp1252") == name.encode() != name.encode("ascii", "ignore"):
        assert "are damaged" in remarks
    assert parse(f"ID,Name\n0071,{name} Zola\n").remarks == ()


CELLS = st.text(st.sampled_from("aé1@=,;\t|\"'\n\r\0\x1c\x85\u2028 "), max_size=6) | st.sampled_from(
    ["id", "name", "Student", "SIS User ID", "sep=,", 'sep="', "sep=\r", "x" * 140_000, "١٢", "²", "1e5"]
)


@settings(deadline=None)
@given(
    st.lists(st.lists(CELLS, max_size=4), max_size=5),
    st.sampled_from(",;\t|"),
    st.booleans(),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-16-le", "utf-32"]),
)
def test_any_table_is_a_roster_or_is_refused_with_a_sentence(tmp_path_factory, rows, separator, quoted, encoding):
    lines = [separator.join(f'"{cell}"' if quoted else cell for cell in row) for row in rows]
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes("\n".join(lines).encode(encoding, "replace"))
    with contextlib.suppress(BadRoster):
        read(file)
