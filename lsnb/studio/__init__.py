"""The edge to Label Studio: every request goes through here, and every refusal becomes a sentence.

Built on ``label_studio_sdk.LabelStudio``, which takes legacy tokens and personal access tokens alike.
"""

from lsnb.studio.server import Project, Server

__all__ = ["Project", "Server"]
