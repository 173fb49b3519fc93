"""The packaged demonstration: real media, an embedded Label Studio, simulated annotators.

``run`` is ``lsnb demo``. ``find_input`` is what ``form.find`` of a notebook goes by.
"""

from lsnb.demo.inputs import (
    KEY,
    SUBJECTS,
    TITLE,
    Recording,
    demo_config,
    find_input,
    find_model,
    find_recording,
    result_folder,
)
from lsnb.demo.journey import ANNOTATORS, SimulationReport, find_study, run, simulate_annotators

__all__ = [
    "ANNOTATORS",
    "KEY",
    "SUBJECTS",
    "TITLE",
    "Recording",
    "SimulationReport",
    "demo_config",
    "find_input",
    "find_model",
    "find_recording",
    "find_study",
    "result_folder",
    "run",
    "simulate_annotators",
]
