// The library's version; CMakeLists.txt and meson.build read it from here.
#pragma once

#define SYNTHMED_VERSION_MAJOR 0
#define SYNTHMED_VERSION_MINOR 1
#define SYNTHMED_VERSION_PATCH 0
#define SYNTHMED_VERSION "0.1.0"
