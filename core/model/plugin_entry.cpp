// Every function of the table: forward to the backend, turn any exception into a PluginError.
#include "core/model/plugin_entry.h"

#include <new>
#include <string>

namespace nety::model {

struct PluginInstance {
  std::unique_ptr<Backend> backend;
  ErrorTranslator translate;
  std::string device;
};

namespace {

void copy_text(std::string_view text, char* out, size_t size) {
  const size_t count = std::min(text.size(), size - 1);
  std::copy_n(text.begin(), count, out);
  out[count] = '\0';
}

void fill(const Error& from, PluginError& to) {
  to.kind = static_cast<int32_t>(from.kind());
  copy_text(from.what(), to.what, sizeof(to.what));
  copy_text(from.hint(), to.hint, sizeof(to.hint));
}

/// Runs `call`; true if it returned, false if it threw.
template <class Call>
bool guarded(ErrorTranslator translate, PluginError& error, const Call& call) noexcept {
  try {
    call();
    return true;
  } catch (const Error& thrown) {
    fill(thrown, error);
  } catch (const std::bad_alloc&) {
    fill(Error(ErrorKind::kMemory, "out of memory", "Choose a narrower --mode or a smaller --ctx."),
         error);
  } catch (const std::exception& thrown) {
    fill(translate(thrown), error);
  } catch (...) {
    fill(Error(ErrorKind::kInternal, "an exception of unknown type"), error);
  }
  return false;
}

template <class Call>
bool guarded(PluginInstance* instance, PluginError* error, const Call& call) noexcept {
  return guarded(instance->translate, *error, call);
}

void destroy(PluginInstance* instance) { delete instance; }

const char* device(const PluginInstance* instance) { return instance->device.c_str(); }

int threads(const PluginInstance* instance) { return instance->backend->threads(); }

bool kernel(const PluginInstance* instance, precision::ModeId mode, char* out, size_t size,
            PluginError* error) {
  return guarded(instance->translate, *error,
                 [&] { copy_text(instance->backend->kernel(mode), out, size); });
}

bool read_bandwidth(PluginInstance* instance, uint64_t bytes, double* bytes_per_s,
                    PluginError* error) {
  return guarded(instance, error, [&] { *bytes_per_s = instance->backend->read_bandwidth(bytes); });
}

bool product_rate(PluginInstance* instance, precision::ModeId mode, double* ops_per_s,
                  PluginError* error) {
  return guarded(instance, error, [&] { *ops_per_s = instance->backend->product_rate(mode); });
}

uint64_t device_bytes(const PluginInstance* instance) { return instance->backend->device_bytes(); }

Weight* prepare(PluginInstance* instance, const precision::MatrixView* source,
                precision::ModeId mode, PluginError* error) {
  Weight* result = nullptr;
  guarded(instance, error, [&] { result = instance->backend->prepare(*source, mode).release(); });
  return result;
}

Weight* prepare_table(PluginInstance* instance, const precision::MatrixView* source,
                      precision::ModeId mode, PluginError* error) {
  Weight* result = nullptr;
  guarded(instance, error,
          [&] { result = instance->backend->prepare_table(*source, mode).release(); });
  return result;
}

Weight* prepare_tied(PluginInstance* instance, const precision::MatrixView* source,
                     precision::ModeId mode, PluginError* error) {
  Weight* result = nullptr;
  guarded(instance, error,
          [&] { result = instance->backend->prepare_tied(*source, mode).release(); });
  return result;
}

KvCache* make_cache(PluginInstance* instance, const CacheShape* shape, PluginError* error) {
  KvCache* result = nullptr;
  guarded(instance, error, [&] { result = instance->backend->make_cache(*shape).release(); });
  return result;
}

bool reserve(PluginInstance* instance, const checkpoint::ModelConfig* config, int64_t context,
             int64_t max_tokens, int64_t max_logits, PluginError* error) {
  return guarded(instance, error,
                 [&] { instance->backend->reserve(*config, context, max_tokens, max_logits); });
}

bool begin_step(PluginInstance* instance, const Batch* batch, KvCache* cache, PluginError* error) {
  return guarded(instance, error, [&] { instance->backend->begin_step(*batch, *cache); });
}

bool embed(PluginInstance* instance, const Weight* table, PluginError* error) {
  return guarded(instance, error, [&] { instance->backend->embed(*table); });
}

bool qkv(PluginInstance* instance, const LayerWeights* layer, int64_t index, PluginError* error) {
  return guarded(instance, error, [&] { instance->backend->qkv(*layer, index); });
}

bool attention(PluginInstance* instance, int64_t index, PluginError* error) {
  return guarded(instance, error, [&] { instance->backend->attention(index); });
}

bool attention_output(PluginInstance* instance, const LayerWeights* layer, PluginError* error) {
  return guarded(instance, error, [&] { instance->backend->attention_output(*layer); });
}

bool gate_up(PluginInstance* instance, const LayerWeights* layer, PluginError* error) {
  return guarded(instance, error, [&] { instance->backend->gate_up(*layer); });
}

bool down(PluginInstance* instance, const LayerWeights* layer, PluginError* error) {
  return guarded(instance, error, [&] { instance->backend->down(*layer); });
}

bool head(PluginInstance* instance, const Weight* norm, const Weight* output, float* logits,
          size_t size, PluginError* error) {
  return guarded(instance, error,
                 [&] { instance->backend->head(*norm, *output, std::span(logits, size)); });
}

bool end_step(PluginInstance* instance, PluginError* error) {
  return guarded(instance, error, [&] { instance->backend->end_step(); });
}

}  // namespace

PluginInstance* create_instance(BackendMaker make, ErrorTranslator translate,
                                const BackendOptions& options, PluginError& error) noexcept {
  PluginInstance* result = nullptr;
  guarded(translate, error, [&] {
    auto instance = std::make_unique<PluginInstance>();
    instance->backend = make(options);
    instance->translate = translate;
    instance->device = instance->backend->device();
    result = instance.release();
  });
  return result;
}

PluginTable plugin_table(const char* name, const char* built_for,
                         PluginInstance* (*create)(const BackendOptions*, PluginError*),
                         const PluginTable* next) noexcept {
  return {
      .abi = kPluginAbi,
      .size = sizeof(PluginTable),
      .layout = plugin_layout(),
      .name = name,
      .built_for = built_for,
      .next = next,
      .create = create,
      .destroy = destroy,
      .device = device,
      .threads = threads,
      .kernel = kernel,
      .read_bandwidth = read_bandwidth,
      .product_rate = product_rate,
      .device_bytes = device_bytes,
      .prepare = prepare,
      .prepare_table = prepare_table,
      .prepare_tied = prepare_tied,
      .make_cache = make_cache,
      .reserve = reserve,
      .begin_step = begin_step,
      .embed = embed,
      .qkv = qkv,
      .attention = attention,
      .attention_output = attention_output,
      .gate_up = gate_up,
      .down = down,
      .head = head,
      .end_step = end_step,
  };
}

}  // namespace nety::model
