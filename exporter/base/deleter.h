// For std::unique_ptr around what a C library hands out.
#pragma once

namespace buntime {

/// Frees with `kFree`, whatever that returns.
template <auto kFree>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};

}  // namespace buntime
