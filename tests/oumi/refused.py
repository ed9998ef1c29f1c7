"""Configs that hold one value which Oumi's classes refuse as they are made: (kind, text, where it stands)."""

from __future__ import annotations

MODEL = "model: {model_name: gpt2}\n"
DATA = "data: {train: {datasets: [{dataset_name: yahma/alpaca-cleaned}]}}\n"
SFT = "training: {trainer_type: TRL_SFT}\n"
INFER = f"{MODEL}engine: VLLM\n"
ENGINE = "inference_config: {model: {model_name: gpt2}, engine: VLLM}\n"
PROMPT = "judge_params: {prompt_template: 'Is {answer} right?'}\n"
ROWS = f"strategy: GENERAL\noutput_path: out.jsonl\n{ENGINE}"
SAMPLED = "id: t, name: T, description: d, possible_values: [{id: a, name: A, description: d}, {id: b, name: B, description: d}]"
TALK = "id: talk, min_turns: 1, max_turns: 2, role_instruction_messages: {USER: u, ASSISTANT: a}"
NAMELESS, UNTITLED = SAMPLED.replace("id: t", "id: ''"), SAMPLED.replace("name: T", "name: ''")
EXECUTABLE = "id: e, env_type: simulated, tools: [{id: look, name: L, description: d}]"
TOOL_UNNAMED = EXECUTABLE.replace("name: L", "name: ''")


def train(training: str) -> str:
    return f"{MODEL}{DATA}training: {{{training}}}\n"


def gold(fields: str) -> str:
    return train(f"trainer_type: TRL_GOLD, gold: {{teacher_model_name_or_path: gpt2, {fields}}}")


def rubric(criteria: str, more: str = "") -> str:
    return f"{PROMPT}{ENGINE}rubric_judge_params: {{criteria: [{criteria}]{more}}}\n"


def rule(fields: str) -> str:
    return f"{PROMPT}{ENGINE}rule_judge_params: {{{fields}}}\n"


def rows(fields: str, more: str = "") -> str:
    return f"{ROWS}strategy_params: {{{fields}}}\n{more}"


def sampled(values: str) -> str:
    return rows(f"sampled_attributes: [{{id: t, name: T, description: d, possible_values: [{values}]}}]")


def talk(fields: str, more: str = "") -> str:
    return rows(f"multiturn_attributes: [{{{fields}}}]", more)


_SAMPLED = "strategy_params.sampled_attributes[0]"
_VALUE = f"{_SAMPLED}.possible_values[0]"
_TALK = "strategy_params.multiturn_attributes[0]"
_ENVS = "environment_config: {environments: ["
_MADE = "strategy_params.transformed_attributes[0].transformation_strategy"
ANSWERS = [
    ("infer", f"{INFER}remote_params: {{retry_backoff_base: 0}}\n", "remote_params.retry_backoff_base"),
    ("infer", f"{INFER}remote_params: {{retry_backoff_base: 60}}\n", "remote_params.retry_backoff_base"),
    ("infer", f"{INFER}remote_params: {{retry_backoff_base: 5, retry_backoff_max: 1}}\n", "remote_params.retry_backoff_max"),
    ("infer", f"{INFER}remote_params: {{requests_per_minute: 0}}\n", "remote_params.requests_per_minute"),
    ("infer", f"{INFER}remote_params: {{input_tokens_per_minute: 0}}\n", "remote_params.input_tokens_per_minute"),
    ("infer", f"{INFER}remote_params: {{output_tokens_per_minute: 0}}\n", "remote_params.output_tokens_per_minute"),
    ("infer", f"{INFER}remote_params: {{connection_timeout: -1}}\n", "remote_params.connection_timeout"),
    ("infer", f"{INFER}remote_params: {{politeness_policy: -1}}\n", "remote_params.politeness_policy"),
    ("infer", f"{INFER}remote_params: {{politeness_policy: .inf}}\n", "remote_params.politeness_policy"),
    ("infer", f"{INFER}generation: {{logit_bias: {{50256: 101}}}}\n", "generation.logit_bias.50256"),
    ("infer", f"{INFER}generation: {{logit_bias: {{1.5: 1}}}}\n", "generation.logit_bias"),
    ("infer", f"{INFER}generation: {{prompt_cache_ttl: 10m}}\n", "generation.prompt_cache_ttl"),
    ("infer", f"{INFER}generation: {{guided_decoding: {{regex: a, choice: [b]}}}}\n", "generation.guided_decoding.choice"),
    ("infer", "model: {model_name: gpt2, model_max_length: 0}\nengine: VLLM\n", "model.model_max_length"),
    ("infer", "model: {model_name: gpt2, processor_kwargs: {trust_remote_code: true}}\nengine: VLLM\n", "model.processor_kwargs.trust_remote_code"),
    ("eval", f"{MODEL}tasks: [{{evaluation_backend: lm_harness, task_name: mmlu, num_samples: 0}}]\n", "tasks[0].num_samples"),
    ("async_eval", f"checkpoints_dir: out\npolling_interval: -1\nevaluation:\n  {MODEL}", "polling_interval"),
    ("async_eval", f"checkpoints_dir: out\npolling_interval: 1\nnum_retries: -1\nevaluation:\n  {MODEL}", "num_retries"),
]
TRAININGS = [
    ("train", train("trainer_type: TRL_SFT, eval_steps: 1.5"), "training.eval_steps"),
    ("train", train("trainer_type: TRL_SFT, profiler: {schedule: {active: 0}}"), "training.profiler.schedule.active"),
    ("train", train("trainer_type: TRL_SFT, profiler: {schedule: {wait: -1}}"), "training.profiler.schedule.wait"),
    ("train", train("trainer_type: TRL_GKD, gkd: {teacher_model_name_or_path: ' '}"), "training.gkd.teacher_model_name_or_path"),
    ("train", train("trainer_type: TRL_GOLD, gold: {teacher_model_name_or_path: ''}"), "training.gold.teacher_model_name_or_path"),
    ("train", gold("vllm_mode: remote"), "training.gold.vllm_mode"),
    ("train", gold("use_uld_loss: true, uld_crossentropy_weight: -1"), "training.gold.uld_crossentropy_weight"),
    ("train", gold("use_uld_loss: true, uld_distillation_weight: -1"), "training.gold.uld_distillation_weight"),
    ("train", gold("use_uld_loss: true, uld_student_temperature: 0"), "training.gold.uld_student_temperature"),
    ("train", gold("use_uld_loss: true, uld_teacher_temperature: 0"), "training.gold.uld_teacher_temperature"),
    ("train", gold("use_uld_loss: true, uld_use_hybrid_loss: true, uld_hybrid_matched_weight: 1"), "training.gold.uld_hybrid_matched_weight"),
    ("train", gold("use_uld_loss: true, uld_use_hybrid_loss: true, uld_hybrid_matched_weight: -1, uld_hybrid_unmatched_weight: 1"), "training.gold.uld_hybrid_matched_weight"),
    ("train", gold("use_uld_loss: true, uld_use_hybrid_loss: true, uld_hybrid_matched_weight: 1, uld_hybrid_unmatched_weight: -1"), "training.gold.uld_hybrid_unmatched_weight"),
    ("train", f"{MODEL}data: {{train: {{datasets: [{{dataset_name: yahma/alpaca-cleaned, transform_num_workers: 0}}]}}}}\n{SFT}", "data.train.datasets[0].transform_num_workers"),
    ("train", f"{MODEL}data: {{train: {{datasets: [{{dataset_name: yahma/alpaca-cleaned, transform_num_workers: many}}]}}}}\n{SFT}", "data.train.datasets[0].transform_num_workers"),
    (
        "train",
        f"{MODEL}data: {{train: {{collator_name: text_with_padding, datasets: [{{dataset_name: yahma/alpaca-cleaned}}]}}, validation: {{collator_name: vision_language_with_padding}}}}\n{SFT}",
        "data.validation.collator_name",
    ),
    ("train", f"{MODEL}data: {{train: {{datasets: [{{dataset_name: yahma/alpaca-cleaned}}]}}, validation: {{collator_name: text_with_padding}}}}\n{SFT}", "data.validation.collator_name"),
    ("tune", f"{MODEL}{DATA}tuning: {{n_trials: 2, trainer_type: TRL_DPO, evaluation_metrics: [eval_loss], tunable_training_params: {{}}}}\n", "tuning.trainer_type"),
    ("train", train("trainer_type: VERL_GRPO, reward_functions: [a, b]").replace("]}}", "]}, validation: {datasets: [{dataset_name: openai/gsm8k}]}}"), "training.reward_functions"),
    ("train", train("trainer_type: VERL_GRPO"), "data.validation.datasets"),
    ("train", f"{MODEL}data: {{train: {{collator_name: vision_language_sft, datasets: [{{dataset_name: merve/vqav2-small, dataset_kwargs: {{return_conversations: false}}}}]}}}}\ntraining: {{trainer_type: TRL_SFT}}\n", "data.train.datasets[0].dataset_kwargs.return_conversations"),
    ("train", f"{MODEL}data: {{train: {{collator_name: vision_language_sft, datasets: [{{dataset_name: merve/vqav2-small}}]}}}}\ntraining: {{trainer_type: TRL_SFT, trainer_kwargs: {{remove_unused_columns: true}}}}\n", "training.trainer_kwargs.remove_unused_columns"),
]
TOLD_BY_OTHERS = [
    ("train", train("trainer_type: TRL_GKD, gkd: {teacher_model_name_or_path: gpt2, temperature: 0}"), "training.gkd.temperature"),
    ("train", train("trainer_type: TRL_GKD, gkd: {teacher_model_name_or_path: gpt2, lmbda: 2}"), "training.gkd.lmbda"),
    ("train", train("trainer_type: TRL_GKD, gkd: {teacher_model_name_or_path: gpt2, beta: 2}"), "training.gkd.beta"),
    ("train", train("trainer_type: TRL_GKD, gkd: {teacher_model_name_or_path: gpt2, max_new_tokens: 0}"), "training.gkd.max_new_tokens"),
    ("train", gold("temperature: 0"), "training.gold.temperature"),
    ("train", gold("top_p: 0"), "training.gold.top_p"),
    ("train", gold("top_k: -1"), "training.gold.top_k"),
    ("train", gold("lmbda: 2"), "training.gold.lmbda"),
    ("train", gold("beta: -1"), "training.gold.beta"),
    ("train", gold("max_completion_length: 0"), "training.gold.max_completion_length"),
    ("train", train("trainer_type: TRL_GRPO, grpo: {max_prompt_length: 0}"), "training.grpo.max_prompt_length"),
    ("train", train("trainer_type: TRL_GRPO, grpo: {max_completion_length: 0}"), "training.grpo.max_completion_length"),
    ("train", train("trainer_type: TRL_GRPO, grpo: {num_generations: 0}"), "training.grpo.num_generations"),
    ("train", train("trainer_type: TRL_GRPO, grpo: {temperature: 1.5}"), "training.grpo.temperature"),
    ("train", train("trainer_type: TRL_SFT, gradient_accumulation_steps: 0"), "training.gradient_accumulation_steps"),
    ("train", train("trainer_type: TRL_SFT, max_grad_norm: -1"), "training.max_grad_norm"),
    ("train", train("trainer_type: OUMI, eval_steps: 0.5"), "training.eval_steps"),
    ("train", train("trainer_type: TRL_SFT, reward_functions: [countdown]"), "training.reward_functions"),
    ("train", train("trainer_type: TRL_SFT, reward_function_kwargs: {a: 1}"), "training.reward_function_kwargs"),
    ("train", train("trainer_type: TRL_GRPO, include_performance_metrics: true"), "training.include_performance_metrics"),
    ("train", f"{MODEL}training: {{trainer_type: TRL_SFT}}\n", "data.train.datasets"),
    ("train", train("trainer_type: TRL_SFT") + "deepspeed: {enable_deepspeed: true, zero_stage: ZERO_2, offload_param: {device: CPU}}\n", "deepspeed.offload_param"),
    ("train", train("trainer_type: TRL_SFT") + "deepspeed: {enable_deepspeed: true, zero_stage: ZERO_0, offload_optimizer: {device: CPU}}\n", "deepspeed.offload_optimizer"),
    ("train", train("trainer_type: TRL_SFT") + "deepspeed: {enable_deepspeed: true, train_batch_size: 8}\n", "deepspeed.train_batch_size"),
    ("train", train("trainer_type: TRL_SFT") + "deepspeed: {enable_deepspeed: true}\nfsdp: {enable_fsdp: true}\n", "fsdp.enable_fsdp"),
    ("train", train("trainer_type: TRL_SFT, compile: true") + "fsdp: {enable_fsdp: true, use_orig_params: false}\n", "fsdp.use_orig_params"),
    ("train", train("trainer_type: TRL_SFT, mixed_precision_dtype: BF16"), "training.mixed_precision_dtype"),
    ("train", train("trainer_type: TRL_KTO").replace("gpt2", "gpt2, enable_liger_kernel: true"), "model.enable_liger_kernel"),
    ("train", train("trainer_type: TRL_SFT").replace("gpt2", "gpt2, compile: true"), "model.compile"),
    ("train", f"{MODEL}data: {{train: {{train_target: ALL_ASSISTANT_TURNS, datasets: [{{dataset_name: yahma/alpaca-cleaned}}]}}}}\n", "data.train.train_target"),
]
"""Refused as well, and told by rules of their topic."""
JUDGES = [
    ("judge", f"judge_params: {{prompt_template: 'Is {{answer}} right?', prompt_template_placeholders: [question]}}\n{ENGINE}", "judge_params.prompt_template_placeholders"),
    ("judge", rubric(""), "rubric_judge_params.criteria"),
    ("judge", rubric("{id: '', description: d}"), "rubric_judge_params.criteria[0].id"),
    ("judge", rubric("{id: 1st, description: d}"), "rubric_judge_params.criteria[0].id"),
    ("judge", rubric("{id: tone_explanation, description: d}"), "rubric_judge_params.criteria[0].id"),
    ("judge", rubric("{id: tone, description: ' '}"), "rubric_judge_params.criteria[0].description"),
    ("judge", rubric("{id: tone, description: d, judgment_type: ENUM}"), "rubric_judge_params.criteria[0].judgment_type"),
    ("judge", rubric("{id: tone, description: d, judgment_scores: {}}"), "rubric_judge_params.criteria[0].judgment_scores"),
    ("judge", rubric("{id: tone, description: d, judgment_type: INT, judgment_scores: {a: null}}"), "rubric_judge_params.criteria[0].judgment_scores"),
    ("judge", rubric("{id: tone, description: d, weight: -1}"), "rubric_judge_params.criteria[0].weight"),
    ("judge", rubric("{id: tone, description: d}, {id: tone, description: e}"), "rubric_judge_params.criteria[1].id"),
    ("judge", rubric("{id: tone, description: d, weight: 0}"), "rubric_judge_params.criteria[0].weight"),
    ("judge", rule("rule_type: ' ', input_fields: [a]"), "rule_judge_params.rule_type"),
    ("judge", rule("rule_type: regex, input_fields: []"), "rule_judge_params.input_fields"),
    ("judge", rule("rule_type: regex, input_fields: [a, ' ']"), "rule_judge_params.input_fields[1]"),
    ("judge", rule("rule_type: regex, input_fields: [a], judgment_type: ENUM"), "rule_judge_params.judgment_type"),
]
SYNTHESES = [
    ("synthesize", rows("input_data: [{path: ''}]"), "strategy_params.input_data[0].path"),
    ("synthesize", rows("input_data: [{path: rows.txt}]"), "strategy_params.input_data[0].path"),
    ("synthesize", rows("input_data: [{path: rows.jsonl, num_shots: 2}]"), "strategy_params.input_data[0].num_shots"),
    ("synthesize", rows("input_documents: [{path: '', id: d}]"), "strategy_params.input_documents[0].path"),
    ("synthesize", rows("input_documents: [{path: a.pdf, id: ''}]"), "strategy_params.input_documents[0].id"),
    ("synthesize", rows("input_documents: [{path: a.pdf, id: d, segmentation_params: {id: s, segment_length: 0}}]"), "strategy_params.input_documents[0].segmentation_params.segment_length"),
    ("synthesize", rows("input_documents: [{path: a.pdf, id: d, segmentation_params: {id: s, segment_overlap: -1}}]"), "strategy_params.input_documents[0].segmentation_params.segment_overlap"),
    ("synthesize", rows("input_documents: [{path: a.pdf, id: d, segmentation_params: {id: s, segment_overlap: 4096}}]"), "strategy_params.input_documents[0].segmentation_params.segment_overlap"),
    ("synthesize", rows("input_documents: [{path: a.pdf, id: d, segmentation_params: {id: s, tokenizer: ''}}]"), "strategy_params.input_documents[0].segmentation_params.tokenizer"),
    ("synthesize", rows("input_examples: [{examples: []}]"), "strategy_params.input_examples[0].examples"),
    ("synthesize", rows("input_examples: [{examples: [{a: 1}, {b: 1}]}]"), "strategy_params.input_examples[0].examples[1]"),
    ("synthesize", rows("input_examples: [{examples: [{a: 1}], num_shots: 2}]"), "strategy_params.input_examples[0].num_shots"),
    ("synthesize", rows(f"sampled_attributes: [{{{NAMELESS}}}]"), f"{_SAMPLED}.id"),
    ("synthesize", rows(f"sampled_attributes: [{{{UNTITLED}}}]"), f"{_SAMPLED}.name"),
    ("synthesize", rows("sampled_attributes: [{id: t, name: T, description: '', possible_values: [{id: a, name: A, description: d}]}]"), f"{_SAMPLED}.description"),
    ("synthesize", sampled(""), f"{_SAMPLED}.possible_values"),
    ("synthesize", sampled("{id: '', name: A, description: d}"), f"{_VALUE}.id"),
    ("synthesize", sampled("{id: a, name: '', description: d}"), f"{_VALUE}.name"),
    ("synthesize", sampled("{id: a, name: A, description: ''}"), f"{_VALUE}.description"),
    ("synthesize", sampled("{id: a, name: A, description: d, sample_rate: 2}"), f"{_VALUE}.sample_rate"),
    ("synthesize", sampled("{id: a, name: A, description: d}, {id: a, name: B, description: d}"), f"{_SAMPLED}.possible_values[1].id"),
    ("synthesize", rows(f"sampled_attributes: [{{{SAMPLED}}}], combination_sampling: [{{combination: {{t: a}}, sample_rate: 0.1}}]"), "strategy_params.combination_sampling[0].combination"),
    ("synthesize", rows("combination_sampling: [{combination: {}, sample_rate: 0.1}]"), "strategy_params.combination_sampling[0].combination"),
    ("synthesize", rows("combination_sampling: [{combination: {t: a, u: ''}, sample_rate: 0.1}]"), "strategy_params.combination_sampling[0].combination"),
    ("synthesize", rows("combination_sampling: [{combination: {t: a, u: b}, sample_rate: 2}]"), "strategy_params.combination_sampling[0].sample_rate"),
    ("synthesize", rows("combination_sampling: [{combination: {t: a, u: b}, sample_rate: 0.6}, {combination: {t: b, u: b}, sample_rate: 0.6}]"), "strategy_params.combination_sampling"),
    ("synthesize", rows("generated_attributes: [{id: '', instruction_messages: [{role: USER, content: c}]}]"), "strategy_params.generated_attributes[0].id"),
    ("synthesize", rows("generated_attributes: [{id: g, instruction_messages: []}]"), "strategy_params.generated_attributes[0].instruction_messages"),
    ("synthesize", rows("generated_attributes: [{id: g, instruction_messages: [{role: USER, content: c}], postprocessing_params: {id: g}}]"), "strategy_params.generated_attributes[0].postprocessing_params.id"),
    ("synthesize", rows("generated_attributes: [{id: g, instruction_messages: [{role: USER, content: c}], postprocessing_params: {id: ''}}]"), "strategy_params.generated_attributes[0].postprocessing_params.id"),
    ("synthesize", rows("generated_attributes: [{id: g, instruction_messages: [{role: USER, content: c}], postprocessing_params: {id: h, regex: '('}}]"), "strategy_params.generated_attributes[0].postprocessing_params.regex"),
    ("synthesize", talk(TALK.replace("id: talk", "id: ''")), f"{_TALK}.id"),
    ("synthesize", talk(TALK.replace("min_turns: 1", "min_turns: 0")), f"{_TALK}.min_turns"),
    ("synthesize", talk(TALK.replace("min_turns: 1", "min_turns: 3")), f"{_TALK}.max_turns"),
    ("synthesize", talk("id: talk, min_turns: 1, max_turns: 2, role_instruction_messages: {}"), f"{_TALK}.role_instruction_messages"),
    ("synthesize", talk("id: talk, min_turns: 1, max_turns: 2, role_instruction_messages: {USER: u}"), f"{_TALK}.role_instruction_messages"),
    ("synthesize", talk(TALK.replace("ASSISTANT: a", "ASSISTANT: ''")), f"{_TALK}.role_instruction_messages"),
    ("synthesize", talk(f"{TALK}, output_system_prompt: ''"), f"{_TALK}.output_system_prompt"),
    ("synthesize", talk(f"{TALK}, available_tools: [look]"), _TALK),
    ("synthesize", talk(f"{TALK}, available_environments: [other]", f"{_ENVS}{{{EXECUTABLE}}}]}}\n"), f"{_TALK}.available_environments"),
    ("synthesize", talk(f"{TALK}, available_tools: [find]", f"{_ENVS}{{{EXECUTABLE}}}]}}\n"), f"{_TALK}.available_tools"),
    ("synthesize", rows("", f"{_ENVS}{{{EXECUTABLE}}}, {{{EXECUTABLE.replace('look', 'see')}}}]}}\n"), "environment_config.environments[1].id"),
    ("synthesize", rows("", f"{_ENVS}{{{EXECUTABLE}}}, {{{EXECUTABLE.replace('id: e', 'id: f')}}}]}}\n"), "environment_config.environments[1].tools[0].id"),
    ("synthesize", rows("", f"{_ENVS}{{{TOOL_UNNAMED}}}]}}\n"), "environment_config.environments[0].tools[0].name"),
    ("synthesize", rows("", f"{_ENVS}{{{EXECUTABLE}, grounding: {{sample_size: 0, state: [{{state_path: s, fields: [a]}}]}}}}]}}\n"), "environment_config.environments[0].grounding.sample_size"),
    ("synthesize", rows("", f"{_ENVS}{{{EXECUTABLE}, grounding: {{state: [{{state_path: '', fields: [a]}}]}}}}]}}\n"), "environment_config.environments[0].grounding.state[0].state_path"),
    ("synthesize", rows("", f"{_ENVS}{{{EXECUTABLE}, grounding: {{state: [{{state_path: s, fields: []}}]}}}}]}}\n"), "environment_config.environments[0].grounding.state[0].fields"),
    ("synthesize", rows("", f"{_ENVS}{{{EXECUTABLE}, grounding: {{state: [{{state_path: s, fields: [a, a]}}]}}}}]}}\n"), "environment_config.environments[0].grounding.state[0].fields[1]"),
    ("synthesize", rows("", f"{_ENVS}{{{EXECUTABLE}, grounding: {{state: [{{state_path: s, fields: [a]}}, {{state_path: s, fields: [b]}}]}}}}]}}\n"), "environment_config.environments[0].grounding.state[1].state_path"),
    ("synthesize", rows("", f"{_ENVS}{{{EXECUTABLE}, grounding: {{tools: {{look: {{fields: []}}}}}}}}]}}\n"), "environment_config.environments[0].grounding.tools.look.fields"),
    ("synthesize", rows("", f"{_ENVS}{{{EXECUTABLE}, grounding: {{tools: {{look: {{fields: [a, a]}}}}}}}}]}}\n"), "environment_config.environments[0].grounding.tools.look.fields[1]"),
    ("synthesize", rows("", f"{_ENVS}{{{EXECUTABLE}}}]}}\nenvironment_config_path: e.yaml\n"), "environment_config_path"),
    ("synthesize", rows("", "environment_config_path: ''\n"), "environment_config_path"),
    ("synthesize", rows("transformed_attributes: [{id: '', transformation_strategy: {type: STRING, string_transform: a}}]"), "strategy_params.transformed_attributes[0].id"),
    ("synthesize", rows("transformed_attributes: [{id: a, transformation_strategy: {type: STRING}}]"), f"{_MADE}.type"),
    ("synthesize", rows("transformed_attributes: [{id: a, transformation_strategy: {type: LIST, list_transform: []}}]"), f"{_MADE}.list_transform"),
    ("synthesize", rows("transformed_attributes: [{id: a, transformation_strategy: {type: DICT, dict_transform: {}}}]"), f"{_MADE}.dict_transform"),
    ("synthesize", rows("transformed_attributes: [{id: a, transformation_strategy: {type: CHAT, chat_transform: {messages: []}}}]"), f"{_MADE}.chat_transform"),
    ("synthesize", rows("transformed_attributes: [{id: a, transformation_strategy: {type: CHAT, chat_transform: {messages: [{role: USER, content: ''}]}}}]"), f"{_MADE}.chat_transform.messages[0].content"),
    ("synthesize", rows(f"sampled_attributes: [{{{SAMPLED}}}, {{{SAMPLED}}}]"), "strategy_params.sampled_attributes[1].id"),
    ("synthesize", rows(f"sampled_attributes: [{{{SAMPLED.replace('id: t,', 'id: current_turn,')}}}]"), f"{_SAMPLED}.id"),
    ("synthesize", rows(f"sampled_attributes: [{{{SAMPLED.replace('id: t,', 'id: talk_plan,')}}}], multiturn_attributes: [{{{TALK}}}]"), f"{_SAMPLED}.id"),
    ("synthesize", rows("input_data: [{path: a.jsonl, attribute_map: {x: t}}], input_examples: [{examples: [{t: 1}]}]"), "strategy_params.input_examples[0].examples[0].t"),
]
