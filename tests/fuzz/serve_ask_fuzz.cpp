// Bodies of requests by anybody: a request, or a refusal with a status of the 400s.
#include <cstdlib>
#include <string>

#include "app/serve/api_error.h"
#include "app/serve/ask.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  for (nety::serve::Ask (*read)(const std::string&) :
       {nety::serve::read_chat_ask, nety::serve::read_completion_ask}) {
    try {
      read(body);
    } catch (const nety::serve::ApiError& error) {
      if (error.status() < 400 || error.status() >= 500 || error_body(error).empty()) std::abort();
    }
  }
  return 0;
}
