// What drives another engine: it answers the commands of protocol.h, as a worker of ours does, by
// whatever means the engine offers.
#pragma once

#include <memory>
#include <string>

#include "bench/contender/source.h"
#include "bench/protocol.h"

namespace nety::bench {

class Adapter {
 public:
  virtual ~Adapter() = default;

  /// Starts the engine, or makes sure that it answers and runs the same model. Errors: kInternal
  /// where it ended or wrote nonsense, kCheckpoint for another model.
  virtual Reply load(const Command& command, Source source) = 0;
  /// Every other command. Error: kUsage for what the engine cannot be asked.
  virtual Reply perform(const Command& command) = 0;
};

/// `command` prints llama-bench's JSON.
std::unique_ptr<Adapter> make_llama_bench(std::string command);
/// `command` starts an OpenAI-compatible server on {port}, or is the URL of one.
std::unique_ptr<Adapter> make_server(std::string command);

}  // namespace nety::bench
