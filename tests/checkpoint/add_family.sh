#!/usr/bin/env bash
# A new model family is one new file and one row: adds a dummy to a copy of the project, builds it, and runs
# a tiny model of it in both formats.   add_family.sh [WORK]
# shellcheck source=tests/copy_of_project.sh
source "$(dirname "${BASH_SOURCE[0]}")/../copy_of_project.sh"

# One new file: a Llama whose tensors, metadata and types have names of their own, and whose GGUF files keep
# transformers' order of rows ...
cat >"$copy/core/checkpoint/families/dummy.cpp" <<'END'
#include "core/checkpoint/family.h"
#include "core/checkpoint/gguf_shape.h"
#include "core/checkpoint/huggingface_shape.h"

namespace nety::checkpoint {
namespace {

std::vector<TensorInfo> dummy_tensors(const ModelConfig& config) {
  const int64_t dim = config.dim, ffn = config.ffn_dim;
  const int64_t q = config.heads * config.head_dim, kv = config.kv_heads * config.head_dim;
  const TensorRow rows[] = {
      {Slot::embedding, "model.words.weight", "words.weight", {config.vocab, dim}},
      {Slot::attention_norm, "norm_1.weight", "n1.weight", {dim}},
      {Slot::wq, "look.query.weight", "lq.weight", {q, dim}},
      {Slot::wk, "look.key.weight", "lk.weight", {kv, dim}},
      {Slot::wv, "look.value.weight", "lv.weight", {kv, dim}},
      {Slot::wo, "look.out.weight", "lo.weight", {dim, q}},
      {Slot::mlp_norm, "norm_2.weight", "n2.weight", {dim}},
      {Slot::w_gate, "think.gate.weight", "tg.weight", {ffn, dim}},
      {Slot::w_up, "think.up.weight", "tu.weight", {ffn, dim}},
      {Slot::w_down, "think.down.weight", "td.weight", {dim, ffn}},
      {Slot::norm, "model.last_norm.weight", "ln.weight", {dim}},
      {Slot::output, "speak.weight", "speak.weight", {config.vocab, dim}},
  };
  return expand(rows, config);
}

ModelConfig dummy_json(const JsonObject& root) { return read_shape(root, {.context = 64}); }
ModelConfig dummy_gguf(const GgufKeys& keys) { return read_shape(keys); }
HuggingFaceForm dummy_form(const ModelConfig&) { return {"dummy", "DummyForCausalLM", {}}; }

}  // namespace

extern const Family k_dummy;
const Family k_dummy = {"dummy",       "DummyForCausalLM", "dummy",    "a dummy for a test",
                        dummy_tensors, dummy_json,         dummy_gguf, dummy_form};

}  // namespace nety::checkpoint
END
# ... and one row.
echo 'NETY_FAMILY(dummy)' >>"$copy/core/checkpoint/families.def"
touched 2 "a family"
rows 1 core/checkpoint/families.def "a family"

build nety
llama=$project/tests/data/checkpoints/fp32

# A model of the family in both formats: the weights are the Llama's.
python3 "$project/tests/checkpoint/make_dummy_family.py" "$llama" "$work/dummy" "$work/dummy.gguf"

tokens=1,17,42,99,3
"$nety" -q logits "$llama" --mode fp32 --tokens "$tokens" -o "$work/llama.safetensors"
for model in "$work/dummy" "$work/dummy.gguf"; do
  "$nety" fit "$model" >"$work/out" 2>&1 || { cat "$work/out" && broken "fit $model"; }
  grep -qE '^fp32 .* fits$' "$work/out" || { cat "$work/out" && broken "fit $model does not plan fp32"; }
  "$nety" -q logits "$model" --mode fp32 --tokens "$tokens" -o "$work/logits.safetensors"
  cmp "$work/logits.safetensors" "$work/llama.safetensors" || broken "the logits of $model are not the Llama's"
  echo "ok: $(basename "$model") is read, planned and run"
done

"$nety" -q quantize "$work/dummy.gguf" "$work/written" --mode fp32 >"$work/out" 2>&1 || { cat "$work/out" && broken "quantize"; }
"$nety" -q logits "$work/written" --mode fp32 --tokens "$tokens" -o "$work/logits.safetensors"
cmp "$work/logits.safetensors" "$work/llama.safetensors" || broken "what quantize wrote is another model"
echo "ok: written as a directory"

sed 's/dummy/gpt2/; s/DummyFor/GPT2For/' "$work/dummy/config.json" >"$work/config.json"
! "$nety" fit --shape "$work/config.json" >"$work/out" 2>&1 || broken "fit took a config.json of no family"
grep -q '"dummy".*DummyForCausalLM' "$work/out" || { cat "$work/out" && broken "the family is not named among those supported"; }
echo "ok: named among those supported"
