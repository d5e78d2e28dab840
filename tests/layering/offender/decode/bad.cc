// Breaks the layers on purpose: see the test beside it.
#include <curl/curl.h>

#include "metrics/catalogue.h"
