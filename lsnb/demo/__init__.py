"""The packaged demonstration: real media, an embedded Label Studio, simulated annotators.

``run`` is ``lsnb demo``. ``find_input`` gives a notebook that starts alone what an earlier one would have left.
"""

from lsnb.demo.answers import SimulationReport, simulate_annotators
from lsnb.demo.inputs import KEY, SUBJECTS, TITLE, demo_config, find_input
from lsnb.demo.journey import ANNOTATORS, find_study, run
from lsnb.demo.sensors import Recording, find_recording

__all__ = [
    "ANNOTATORS",
    "KEY",
    "SUBJECTS",
    "TITLE",
    "Recording",
    "SimulationReport",
    "demo_config",
    "find_input",
    "find_recording",
    "find_study",
    "run",
    "simulate_annotators",
]
