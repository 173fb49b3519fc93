"""Neural networks that look at pictures: detections as a table, embeddings as an array.

The only importer of ``torch`` and ``transformers``, which load when a network first has something to look at.
"""

from lsnb.detectors.detection import Detector, Embedder, embed, near_duplicates

__all__ = ["Detector", "Embedder", "embed", "near_duplicates"]
