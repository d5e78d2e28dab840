// Breaks the layers on purpose: see the test beside it.
#include "metrics/catalogue.h"
#include <curl/curl.h>
