// The progress that nobody watches.
#include "core/base/progress.h"

namespace nety {

Progress& silent_progress() {
  static Progress silent;
  return silent;
}

}  // namespace nety
