"""Debts: prompts, evals and embedders that fell behind what runs."""

from decay_reports.facts import debt_embedders, debt_evals, debt_prompts
from decay_reports.facts.aspect import Look, Question

TITLE, ORDER, SCOPE = "Debts", 60, "feature"
KINDS = (debt_prompts.KIND, debt_embedders.KIND, debt_evals.KIND)


def look(question: Question) -> Look:
    """Look at copied prompts, at what eval suites cover and at the embedders of indexes."""
    looks = (
        debt_prompts.prompts(question),
        debt_evals.evals(question),
        debt_embedders.embedders(question),
    )
    return Look(
        lines=tuple(line for each in looks for line in each.lines),
        tables=tuple(table for each in looks for table in each.tables),
        missing="; ".join(each.missing for each in looks if each.missing),
        findings=tuple(finding for each in looks for finding in each.findings),
    )
