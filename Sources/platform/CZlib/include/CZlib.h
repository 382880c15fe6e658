#pragma once
#include <stddef.h>
#include <zlib.h>

/// `deflateInit2` and `inflateInit2` are macros, which Swift cannot call.
int czlib_deflate_init(z_stream *stream, int level, int window_bits);
int czlib_inflate_init(z_stream *stream, int window_bits);
