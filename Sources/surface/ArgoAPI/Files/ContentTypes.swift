/// What a browser is to take a file for, by the end of its name.
enum ContentTypes {
  static func type(of name: String) -> String {
    guard let dot = name.lastIndex(of: "."), let type = types[name[name.index(after: dot)...].lowercased()] else {
      return "application/octet-stream"
    }
    return type
  }

  private static let types: [String: String] = {
    var result = [
      "avif": "image/avif", "bmp": "image/bmp", "bz2": "application/x-bzip2", "css": "text/css; charset=utf-8",
      "csv": "text/csv; charset=utf-8",
      "gif": "image/gif", "gz": "application/gzip", "htm": "text/html; charset=utf-8", "html": "text/html; charset=utf-8",
      "ico": "image/vnd.microsoft.icon", "jpeg": "image/jpeg", "jpg": "image/jpeg", "js": "text/javascript; charset=utf-8",
      "json": "application/json", "mjs": "text/javascript; charset=utf-8", "mp3": "audio/mpeg", "mp4": "video/mp4", "ogg": "audio/ogg",
      "pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml", "tar": "application/x-tar", "tgz": "application/gzip",
      "tif": "image/tiff", "tiff": "image/tiff", "wasm": "application/wasm", "wav": "audio/wav", "webm": "video/webm", "webp": "image/webp",
      "woff2": "font/woff2", "xhtml": "application/xhtml+xml", "xml": "text/xml; charset=utf-8", "xz": "application/x-xz",
      "zip": "application/zip", "zst": "application/zstd",
    ]
    for name in [
      "txt", "log", "md", "yaml", "yml", "toml", "ini", "conf", "cfg", "sh", "py", "tf", "tfvars", "diff", "patch", "out", "err",
    ] {
      result[name] = "text/plain; charset=utf-8"
    }
    return result
  }()
}
