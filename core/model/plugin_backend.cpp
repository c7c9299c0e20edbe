// Forwarding: every function of plugin_operations.def calls through the table, and a PluginError
// becomes an Error again.
#include "core/model/plugin_backend.h"

#include <utility>

#include "core/base/error.h"

namespace nety::model {
namespace {

[[noreturn]] void raise(const PluginError& error) {
  throw Error(static_cast<ErrorKind>(error.kind), error.what, error.hint);
}

/// The plugin's instance and the calls into it. Abstract: the classes below override Backend.
class PluginCaller : public Backend {
 public:
  PluginCaller(const PluginTable& table, const BackendOptions& options)
      : table_(table), instance_(table.create(&options, &error_)) {
    if (instance_ == nullptr) raise(error_);
  }
  ~PluginCaller() override { table_.destroy(instance_); }
  PluginCaller(const PluginCaller&) = delete;
  PluginCaller& operator=(const PluginCaller&) = delete;

 protected:
  const PluginOperations& operations() const { return table_.operations; }

  template <class Result, class... Arguments>
  Result call(PluginFunction<Result, Arguments...> function, Arguments... arguments) const {
    ResultPlace<Result> result{};
    if (!function(instance_, &error_, &result, std::forward<Arguments>(arguments)...))
      raise(error_);
    if constexpr (!std::is_void_v<Result>) return result;
  }

 private:
  const PluginTable& table_;
  mutable PluginError error_;
  PluginInstance* instance_;
};

// One class for each function, which overrides it whatever its arguments are.
#define NETY_OPERATION(name)                                                                    \
  template <class Function>                                                                     \
  class Forward_##name;                                                                         \
  template <class Result, class... Arguments>                                                   \
  class Forward_##name<Result (Backend::*)(Arguments...)> : public virtual PluginCaller {       \
    Result name(Arguments... arguments) override {                                              \
      return this->template call<Result, Arguments...>(this->operations().name,                 \
                                                       std::forward<Arguments>(arguments)...);  \
    }                                                                                           \
  };                                                                                            \
  template <class Result, class... Arguments>                                                   \
  class Forward_##name<Result (Backend::*)(Arguments...) const> : public virtual PluginCaller { \
    Result name(Arguments... arguments) const override {                                        \
      return this->template call<Result, Arguments...>(this->operations().name,                 \
                                                       std::forward<Arguments>(arguments)...);  \
    }                                                                                           \
  };
#include "core/model/plugin_operations.def"
#undef NETY_OPERATION

// clang-format off
class PluginBackend final :
#define NETY_OPERATION(name) public Forward_##name<decltype(&Backend::name)>,
#include "core/model/plugin_operations.def"
#undef NETY_OPERATION
    public virtual PluginCaller {
 public:
  using PluginCaller::PluginCaller;
};
// clang-format on

}  // namespace

std::unique_ptr<Backend> make_plugin_backend(const PluginTable& table,
                                             const BackendOptions& options) {
  return std::make_unique<PluginBackend>(table, options);
}

}  // namespace nety::model
