"""What the offline reader says of requirements: nothing that the rules of the family `matrix` do not say themselves."""

from collections.abc import Mapping
from typing import Any

from domain.families.matrix.replies import JudgeReply, RequirementsReply


def find_requirements(variables: Mapping[str, Any]) -> RequirementsReply:
    """`RequirementsReply` to the prompt `matrix/requirements`: the rules have read the blocks already."""
    return RequirementsReply()


def judge_requirements(variables: Mapping[str, Any]) -> JudgeReply:
    """`JudgeReply` to the prompt `matrix/judge`: no opinion, so that only arithmetic decides."""
    return JudgeReply()
