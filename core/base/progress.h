// Progress reporting: libraries report, the application draws.
#pragma once

#include <cstdint>
#include <string_view>

namespace nety {

/// Receives the progress of one task at a time. The base class shows nothing.
/// advance() may be called from one thread only.
class Progress {
 public:
  virtual ~Progress() = default;
  virtual void begin(std::string_view /*label*/, int64_t /*total*/) {}
  virtual void advance(int64_t /*done*/) {}
  virtual void end() {}
};

/// A Progress that shows nothing, for callers that want none.
Progress& silent_progress();

}  // namespace nety
