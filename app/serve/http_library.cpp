// The library is never closed again: threads of it may still be ending.
#include "app/serve/http_library.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <filesystem>
#include <string>

#include "core/base/error.h"
#include "core/model/plugin.h"

namespace nety::serve {
namespace {

constexpr const char* kFile = "libnety_http.so";

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorKind::kEnvironment, "nety serve: " + what,
              "It is built with cpp-httplib: ./nety serve offers to install that "
              "(libcpp-httplib-dev) and builds it beside nety.");
}

std::string find_library() {
  std::string places;
  for (const std::filesystem::path& folder : model::plugin_folders()) {
    std::error_code ignored;
    const auto path = (folder / kFile).lexically_normal();
    if (std::filesystem::is_regular_file(path, ignored)) return path.string();
    places += (places.empty() ? "" : ", ") + folder.lexically_normal().string();
  }
  fail(fmt::format("{} is missing (looked in {})", kFile, places));
}

}  // namespace

std::unique_ptr<HttpServer> make_http_server(HttpHandler& handler, const HttpLimits& limits) {
  const std::string path = find_library();
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) fail(::dlerror());
  const auto entry = reinterpret_cast<HttpEntry>(::dlsym(library, kHttpEntry));
  std::unique_ptr<HttpServer> server(entry == nullptr ? nullptr
                                                      : entry(http_layout(), &handler, &limits));
  if (!server) fail(fmt::format("{} belongs to another build of nety", path));
  return server;
}

}  // namespace nety::serve
