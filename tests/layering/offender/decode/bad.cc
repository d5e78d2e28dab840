// Breaks the layers on purpose: see the test beside it.
// clang-format off
#include "metrics/catalogue.h"
#include <curl/curl.h>
