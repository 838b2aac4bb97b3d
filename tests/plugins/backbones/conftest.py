import pytest
import torch


@pytest.fixture
def training_step():
    """Run one step under bf16 autocast at the mask; return the states and whether every gradient is finite."""

    def step(loaded):
        tokenizer, model = loaded.tokenizer, loaded.model.train()
        mask = tokenizer.mask_token
        rows = [f"Ann says: Why did you leave? Ann feels {mask}", f"Bob feels {mask}"]
        batch = tokenizer(rows, padding=True, return_tensors="pt")
        at = batch["input_ids"] == tokenizer.mask_token_id
        assert at.sum(1).tolist() == [1, 1]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        states = output.last_hidden_state.float()[at]
        states.pow(3).sum().backward()
        gradients = [parameter.grad for parameter in model.parameters()]
        return states, all(gradient is not None and gradient.isfinite().all() for gradient in gradients)

    return step
