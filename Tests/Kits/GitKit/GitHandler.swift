/// The class `Handler` of a server for `http.server` of Python, which has git's repositories below the directory `sys.argv[1]` by `git http-backend`, for one
/// user with a password.
package enum GitHandler {
  /// What answers git.
  package static let backend = "/usr/lib/git-core/git-http-backend"

  package static func program(user: String, password: String) -> String {
    """
    import base64, http.server, os, subprocess, sys
    class Handler(http.server.BaseHTTPRequestHandler):
      def log_message(self, *args): pass
      def serve(self):
        if self.headers.get('Authorization') != 'Basic ' + base64.b64encode(b'\(user):\(password)').decode():
          self.send_response(401)
          self.send_header('WWW-Authenticate', 'Basic realm="git"')
          self.send_header('Content-Length', '0')
          self.end_headers()
          return
        path, _, query = self.path.partition('?')
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        env = dict(os.environ, GIT_PROJECT_ROOT=sys.argv[1], GIT_HTTP_EXPORT_ALL='1', PATH_INFO=path, QUERY_STRING=query,
                   REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get('Content-Type', ''), REMOTE_USER='\(user)',
                   CONTENT_LENGTH=str(len(body)), GIT_CONFIG_COUNT='1', GIT_CONFIG_KEY_0='safe.directory', GIT_CONFIG_VALUE_0='*',
                   HTTP_CONTENT_ENCODING=self.headers.get('Content-Encoding', ''), GIT_PROTOCOL=self.headers.get('Git-Protocol', ''))
        out = subprocess.run(['git', 'http-backend'], input=body, env=env, stdout=subprocess.PIPE).stdout
        head, _, rest = out.partition(b'\\r\\n\\r\\n')
        status, headers = 200, []
        for line in head.decode().split('\\r\\n'):
          key, _, value = line.partition(': ')
          if key == 'Status': status = int(value.split()[0])
          else: headers.append((key, value))
        self.send_response(status)
        for key, value in headers: self.send_header(key, value)
        self.send_header('Content-Length', str(len(rest)))
        self.end_headers()
        self.wfile.write(rest)
      do_GET = do_POST = serve

    """
  }
}
