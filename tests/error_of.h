// What a call that must fail throws.
#pragma once

#include "core/base/error.h"

namespace nety {

/// The Error that `call` throws; an internal one where it throws none.
template <class Call>
Error error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return {ErrorKind::kInternal, "nothing thrown"};
}

}  // namespace nety
