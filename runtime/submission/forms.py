"""Accuracy texts: how each metric is written so that the official checker reads it.

Source: mlcommons/inference@b66003e10 tools/submission/submission_checker/constants.py (the form).
"""

from __future__ import annotations

import re

FORMS: dict[str, str] = {
    "acc": r'(?:\{")?accuracy(?:=|": ?|: ?)([\d.]+)',
    "F1": r"""\{["']exact_match["']: *[\d.]+, *["']f1["']: *([\d.]+)\}""",
    "DICE": r"Accuracy: *mean *= *([\d.]+)",
    "AUC": r"AUC=([\d.]+)",
    "mAP": r".*(?:mAP=|'Total':) *([\d.]+)",
    "ACCURACY": r"Word Error Rate:.*, accuracy=([\d.]+)%",
    "ROUGE1": r".*'rouge1': +'?([\d.]+)",
    "ROUGE2": r".*'rouge2': +'?([\d.]+)",
    "ROUGEL": r".*'rougeL': +'?([\d.]+)",
    "ROUGELSUM": r".*'rougeLsum': +'?([\d.]+)",
    "GEN_LEN": r".*'gen_len': ([\d.]+)",
    "TOKENS_PER_SAMPLE": r".*'tokens_per_sample': ([\d.]+)",
    "CLIP_SCORE": r".*'CLIP_SCORE': +'?([\d.]+)",
    "FID_SCORE": r".*'FID_SCORE': +'?([\d.]+)",
    "exact_match": r".*'exact_match': ([\d.]+)",
    "gsm8k_accuracy": r".*'gsm8k': ([\d.]+)",
    "mbxp_accuracy": r".*'mbxp': ([\d.]+)",
    "vbench_score": r".*'vbench_score': ([\d.]+)",
    "F1_HIERARCHICAL": r'\{.*"f1": *([\d.]+).*\}',
    "E2E_ACCURACY": r"Accuracy: *([\d.]+)",
    "DLRM_NE": r".*metric/lifetime_ne/rating: *([\d.]+)",
    "DLRM_ACC": r".*metric/lifetime_accuracy/rating: *([\d.]+)",
    "DLRM_AUC": r".*metric/lifetime_gauc/rating: *([\d.]+)",
}
"""Form of a metric's line, the figure in the first group."""


def read_metric(text: str, metric: str) -> float | None:
    """Return a metric's figure from an accuracy text; None where no line has its form."""
    form = FORMS.get(metric)
    for line in text.splitlines() if form else ():
        match = re.match(form or "", line)
        if match:
            try:
                return float(match[1])
            except ValueError:
                return None
    return None


def write_accuracy(share: float, samples: int) -> str:
    """Return the accuracy text of a classifier: top-1 in %, with its counts.

    Args:
        share: Share of right answers.
        samples: Samples judged.
    """
    right = round(share * samples)
    return f"accuracy={100 * share:.4f}%, good={right}, total={samples}\n"
