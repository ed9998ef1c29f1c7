"""A plan for several nodes says what its command needs: Oumi's torchrun sees one node unless a scheduler names them."""

from __future__ import annotations

import pytest

from assistant.builder import respond
from assistant.core.intent import Intent


@pytest.mark.parametrize(("nodes", "told"), [(1, False), (2, True)])
def test_several_nodes_need_a_scheduler(nodes: int, told: bool) -> None:
    intent = Intent(task="train", model="llama-3.1-8b", method="lora", gpu="H100", gpu_count=8, nodes=nodes)
    found = {finding.rule: finding for finding in respond(intent).findings}
    assert ("DST013" in found) is told
    assert not told or "2 nodes" in found["DST013"].fix
