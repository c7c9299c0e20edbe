// A decoder (Llama: Touvron et al. 2023; 2407.21783), in the order of the paper. T tokens, D model
// width, H query heads and G key/value heads of width d, F feed-forward width, V vocabulary, k
// experts of a token. What a layer of another family does otherwise, its spec says
// (checkpoint/layer_spec.h).
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
    const LayerSpec& spec = model.config.spec(l);

    // Attention: normalise, project, rotate q and k by position, remember k and v.
    backend.qkv(w, spec, l);                          // n = norm(x)                      [T, D]
                                                      // q = rope(norm(Wq n + bq))        [T, H d]
                                                      // K gains rope(norm(Wk n + bk))    [T, G d]
                                                      // V gains Wv n + bv                [T, G d]

    // Where both blocks read the same stream, the second does so before the first adds to it.
    if (spec.parallel) backend.gate_up(w, spec);      // h = f(Wg n) * (Wu n)             [T, F]

    // Each query looks at what came before it, within the window if there is one.
    backend.attention(w, spec, l);                    // a = softmax(cap(s q K')) V       [T, H d]
    backend.attention_output(w, spec);                // x = x + r norm(Wo a + bo)        [T, D]

    // Feed-forward by a mixture: the experts that the router chooses for the token, each weighted.
    if (spec.is_mixture()) {
      backend.experts(w, spec);                       // n = norm(x)                      [T, D]
                                                      // p = gate of the largest of Wr n  [T, k]
      continue;                                       // x = x + r sum p Wd(f(Wg n) * (Wu n))
    }

    // Feed-forward (SwiGLU): gate and candidate from the normalised stream, then back to its width.
    if (!spec.parallel) backend.gate_up(w, spec);     // n = norm(x)                      [T, D]
                                                      // h = f(Wg n + bg) * (Wu n + bu)   [T, F]
    backend.down(w, spec);                            // x = x + r norm(Wd h + bd)        [T, D]
  }

  // The rows whose next token is wanted: last norm, then scores over the vocabulary.
  backend.head(*model.norm, model.norm_bias.get(),    // logits = cap(c Wh norm(x))       [R, V]
               model.head(), logits, model.config.vocab);

  backend.end_step();
}
// clang-format on

}  // namespace nety::model
