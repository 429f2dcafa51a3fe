"""Quality of a dataset: measured, judged by rules, shown on a page."""
