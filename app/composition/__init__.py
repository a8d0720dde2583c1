"""From evidence to a draft answer, without a model: each kind of question has its form."""
