"""Turns observations into a verdict: compares, explains, diagnoses, marks and shows. Pure; knows no sandbox."""
