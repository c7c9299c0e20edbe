// Every function of the table calls the backend and turns any exception into a PluginError.
#include "core/model/plugin_entry.h"

#include <new>
#include <type_traits>
#include <utility>

namespace nety::model {

struct PluginInstance {
  std::unique_ptr<Backend> backend;
  ErrorTranslator translate;
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

void destroy(PluginInstance* instance) { delete instance; }

/// The entry of a table that calls `kFunction` of the instance's backend.
template <auto kFunction, class Result, class... Arguments>
bool run(PluginInstance* instance, PluginError* error, ResultPlace<Result>* result,
         Arguments... arguments) noexcept {
  return guarded(instance->translate, *error, [&] {
    Backend& backend = *instance->backend;
    if constexpr (std::is_void_v<Result>)
      (backend.*kFunction)(std::forward<Arguments>(arguments)...);
    else
      *result = (backend.*kFunction)(std::forward<Arguments>(arguments)...);
  });
}

template <auto kFunction, class Result, class... Arguments>
constexpr PluginFunction<Result, Arguments...> entry(Result (Backend::*)(Arguments...)) {
  return run<kFunction, Result, Arguments...>;
}
template <auto kFunction, class Result, class... Arguments>
constexpr PluginFunction<Result, Arguments...> entry(Result (Backend::*)(Arguments...) const) {
  return run<kFunction, Result, Arguments...>;
}

}  // namespace

PluginInstance* create_instance(BackendMaker make, ErrorTranslator translate,
                                const BackendOptions& options, PluginError& error) noexcept {
  PluginInstance* result = nullptr;
  guarded(translate, error, [&] {
    auto instance = std::make_unique<PluginInstance>();
    instance->backend = make(options);
    instance->translate = translate;
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
      .operations =
          {
#define NETY_OPERATION(name) .name = entry<&Backend::name>(&Backend::name),
#include "core/model/plugin_operations.def"
#undef NETY_OPERATION
          },
  };
}

}  // namespace nety::model
