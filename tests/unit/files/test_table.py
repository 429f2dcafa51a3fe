"""The one reader of tables: what people's editors, spreadsheets and R write is read right, or refused with its line."""

from __future__ import annotations

import gzip

import pytest

from prism.files.table import line_of, read_table

WANTED = ("gene_id", "value")


@pytest.fixture
def read(tmp_path):
    """`read(text, wanted=...)`: the rows of a table, as lists of text."""

    def read(text: str | bytes, wanted=WANTED) -> list[list[str]]:
        path = tmp_path / "table.tsv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_table(path, wanted).to_numpy().tolist()

    return read


HEADER = "gene_id\tnote\tvalue\n"
LONE = 'G1\t"a\t5\nG2\tb\t6\nG3\tc"\t7\n'


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (HEADER + LONE, [["G1", '"a', "5"], ["G2", "b", "6"], ["G3", 'c"', "7"]]),
        (HEADER + 'G1\t"alpha chain"\t5\n', [["G1", "alpha chain", "5"]]),
        (HEADER + '"G1"\t"an ""a"" chain"\t"5"\n', [["G1", 'an "a" chain', "5"]]),
        (HEADER + 'G1\t"two\tcells"\t5\n', [["G1", "two\tcells", "5"]]),
        (HEADER + 'G1\t"a\tb"\n', [["G1", '"a', 'b"']]),
        (HEADER + 'G1\t5\' and 3" ends\t5\n', [["G1", '5\' and 3" ends', "5"]]),
        (HEADER + 'G1\t"\t5\n', [["G1", '"', "5"]]),
        (HEADER + 'G1\t""\t5\n', [["G1", "", "5"]]),
        ("gene_id,note,value\nG1,\"a, b\",5\n", [["G1", "a, b", "5"]]),
        ("gene_id,note,value\nG1,\"a,5\n", [["G1", '"a', "5"]]),
        ('"gene_id","value"\n"G1",5\n', [["G1", "5"]]),
    ],
)  # fmt: skip
def test_quotation_marks(read, text, rows):
    assert read(text, ("gene_id",)) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (HEADER + "G1\tdonor #2\t5\n", [["G1", "donor #2", "5"]]),
        (HEADER + "# a comment\nG1\ta\t5\n#G2\tb\t6\n", [["G1", "a", "5"]]),
        ("# made by hand\n" + HEADER + "G1\ta\t5\n", [["G1", "a", "5"]]),
        ("#gene_id\tnote\tvalue\nG1\ta\t5\n", [["G1", "a", "5"]]),
        ("# gene_id\tvalue\nG1\t5\n#G2\t6\n", [["G1", "5"]]),
        ("#gene_id\tother\n" + HEADER + "G1\ta\t5\n", [["G1", "a", "5"]]),
    ],
)
def test_a_comment_is_a_line_that_begins_with_a_hash(read, text, rows):
    assert read(text) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (HEADER + " G1 \ta b\t5\u00a0\n", [["G1", "a b", "5"]]),
        (HEADER + "\u00a0G1\t\u200ba\t\ufeff5\n", [["G1", "a", "5"]]),
        (HEADER + "G1\u200d\ta\u00ad\t\u200e5\n", [["G1", "a", "5"]]),
        (HEADER + "G1\ta\t5\t\nG2\tb\t6\n", [["G1", "a", "5"], ["G2", "b", "6"]]),
        ("gene_id\tnote\tvalue\t\nG1\ta\t5\t\nG2\tb\t6\n", [["G1", "a", "5"], ["G2", "b", "6"]]),
        ("gene_id\tvalue\tnote\nG1\t5\n", [["G1", "5", ""]]),
        (HEADER + "\nG1\ta\t5\n\t\t\n  \n", [["G1", "a", "5"]]),
        (HEADER.replace("\n", "\r\n") + "G1\ta\t5\r\n", [["G1", "a", "5"]]),
        (HEADER.replace("\n", "\r") + "G1\ta\t5\r", [["G1", "a", "5"]]),
        (HEADER + "G1\tNA\t007", [["G1", "NA", "007"]]),
    ],
)
def test_blanks_short_rows_and_ends_of_lines(read, text, rows):
    assert read(text) == rows


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("zipped", [False, True])
def test_encodings(read, encoding, zipped):
    mark = "\ufeff" if encoding in ("utf-16-be", "utf-16-le") else ""
    written = (mark + HEADER + "G1\tβ-actin\t5\n").encode(encoding)
    assert read(gzip.compress(written) if zipped else written) == [["G1", "β-actin", "5"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "table.tsv: the table is empty; give a header line and one line a row"),
        ("\n \n", "table.tsv: the table is empty"),
        ("# only a comment\n", "table.tsv: the table is empty"),
        (HEADER, "table.tsv: the table has a header and no row"),
        ("gene\tvalue\nG1\t5\n", "table.tsv: no column 'gene_id'; it has gene, value"),
        ("gene_id\tvalue\tvalue\nG1\t5\t6\n", "table.tsv, line 1: column 'value' is there twice"),
        ("gene_id\t\tvalue\nG1\ta\t5\n", "table.tsv, line 1: column 2 has no name"),
        (HEADER + "G1\ta\t5\nG2\tb\t6\t7\n", r"line 3: 4 cells, where the header names 3 columns; .* is '7'"),
        ("gene_id\tvalue\n1\tG1\t5\n", r"line 2: 3 cells, where the header names 2 columns; .*col.names=NA"),
        (
            HEADER + "# one\nG1\ta\t5\nG2\tb\n",
            r"line 4: 2 cells, .* ends before column 'value'; is the line cut off",
        ),
        (
            HEADER.encode() + b"G1\ta\t5\nG2\tprot\xe9ine\t6\n",
            r"line 3: not a text file in UTF-8 .*0xe9.*iconv",
        ),
        (HEADER + "G1\ta\0b\t5\n", "line 2: holds a zero byte"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(read, text, message):
    with pytest.raises(ValueError, match=message):
        read(text)


def test_rows_know_their_line(tmp_path):
    path = tmp_path / "table.tsv"
    path.write_text("# made by hand\n" + HEADER + "G1\ta\t5\n\n# between\nG2\tb\t6\n")
    table = read_table(path)
    assert [line_of(table, row) for row in (0, 1)] == [3, 6]
