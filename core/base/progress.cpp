// Progress that is not shown.
#include "core/base/progress.h"

namespace nety {

Progress& silent_progress() {
  static Progress silent;
  return silent;
}

}  // namespace nety
