"""One page on one call, to print or to file (fpdf2: https://py-pdf.github.io/fpdf2/)."""

from typing import Any

from anyascii import anyascii
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from calls.models import Call


def summary_pdf(call: Call, evidence: list[dict[str, Any]], reviews: list[dict[str, Any]]) -> bytes:
    """`evidence` and `reviews` as calls.bundles lays them out, masked or open."""
    pdf = FPDF(format="A4")
    pdf.set_creation_date(call.created_at)  # The same call makes the same bytes, and so the same sum.
    pdf.set_title(f"Call {call.pk}")
    pdf.add_page()
    _line(pdf, f"Call {call.pk}: {call.verification.name}", size=16, style="B")
    _line(pdf, f"Machine: {call.status} ({call.end_reason})    Final: {call.final_status or 'not reviewed'}", size=11)
    for name, value in _facts(call):
        _line(pdf, f"{name}: {value}")
    _section(pdf, "Evidence")
    for row in evidence:
        _line(pdf, f"{row['verdict'].upper()}  {row['key']}: {row['question']}", style="B")
        _line(pdf, f"expected {row['expected'] or '-'}, heard {row['heard'] or '-'}, at {row['start_ms'] / 1000:.1f} s")
    _section(pdf, "Reviews")
    for review in reviews:
        _line(pdf, f"{review['at']:%Y-%m-%d %H:%M} UTC  {review['reviewer']}: {review['decision']} {review['status']}")
        _line(pdf, review["reason"])
    _section(pdf, "History")
    for event in call.events.all():
        _line(pdf, f"{event.at:%H:%M:%S}  {event.kind}", size=8)
    return bytes(pdf.output())


def _facts(call: Call) -> list[tuple[str, object]]:
    return [
        ("Number", call.to_number),
        ("External id", call.verification.external_id or "-"),
        ("Script", call.script),
        ("Requested", f"{call.created_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Answered", f"{call.answered_at:%Y-%m-%d %H:%M:%S} UTC" if call.answered_at else "no"),
        ("Ended", f"{call.ended_at:%Y-%m-%d %H:%M:%S} UTC" if call.ended_at else "no"),
        ("Carrier SID", call.carrier_sid or "-"),
        ("Flagged", call.review_reason or "no"),
    ]


def _section(pdf: FPDF, title: str) -> None:
    pdf.ln(3)
    _line(pdf, title, size=12, style="B")


def _line(pdf: FPDF, text: str, *, size: int = 9, style: str = "") -> None:
    pdf.set_font("Helvetica", style, size)
    pdf.multi_cell(0, size * 0.55, _printable(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _printable(text: str) -> str:
    """The PDF's own fonts know Latin-1 only: other letters are spelled in it. The JSON beside keeps the true ones."""
    return "".join(c if ord(c) < 256 else anyascii(c) for c in text) or " "
