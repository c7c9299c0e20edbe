// Llama (Touvron et al. 2023; 2407.21783), in the order of the paper. T tokens, D model width, H
// query heads and G key/value heads of width d, F feed-forward width, V vocabulary.
#include "core/model/forward.h"

namespace nety::model {

// The shapes stand in a column of their own.
// clang-format off
void forward(const Model& model, Backend& backend, Workspace& workspace, KvCache& cache,
             const Batch& batch, std::span<float> logits) {
  backend.begin_step(batch, workspace, cache);

  // Every token starts as its row of the embedding table.
  backend.embed(*model.embedding);                    // x = E[tokens]                    [T, D]

  for (int64_t l = 0; l < model.config.layers; ++l) {
    const LayerWeights& w = model.layers[static_cast<size_t>(l)];

    // Attention: normalise, project, rotate q and k by position, remember k and v.
    backend.qkv(w, l);                                // n = rms(x)                       [T, D]
                                                      // q = rope(Wq n + bq)              [T, H d]
                                                      // K gains rope(Wk n + bk)          [T, G d]
                                                      // V gains Wv n + bv                [T, G d]

    // Each query looks at what came before it, within the window if there is one.
    backend.attention(l);                             // a = softmax(q K' / sqrt d) V     [T, H d]
    backend.attention_output(w);                      // x = x + Wo a + bo                [T, D]

    // Feed-forward (SwiGLU): gate and candidate from the normalised stream, then back to its width.
    backend.gate_up(w);                               // n = rms(x)                       [T, D]
                                                      // h = silu(Wg n + bg) * (Wu n + bu) [T, F]
    backend.down(w);                                  // x = x + Wd h + bd                [T, D]
  }

  // The rows whose next token is wanted: last norm, then scores over the vocabulary.
  backend.head(*model.norm, model.head(), logits,     // logits = Wh rms(x)               [R, V]
               model.config.vocab);

  backend.end_step();
}
// clang-format on

}  // namespace nety::model
