import Testing

/// `argosy lsp` as a real editor uses it.
@Suite("editors", .needs("nvim")) struct EditorTests {
  @Test("Neovim shows findings, they go when mended, and it hovers, goes to and renames") func neovim() async throws {
    let bench = try Bench()
    try bench.file(
      "main.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata:
        generateName: hello-
      spec:
        entrypont: main
        templates:
        - name: main
          container: {image: alpine, command: [echo, hi]}
      """)
    try bench.file("init.lua", Self.script)
    let outcome = try await bench.run(
      [
        "sh", "-c", "XDG_STATE_HOME=$PWD XDG_DATA_HOME=$PWD ARGOSY=$0 FOLDER=$PWD exec nvim --headless --clean -u init.lua", Parts.argosy,
      ])
    let said = outcome.err + outcome.out
    #expect(outcome.status == 0, "\(outcome)")
    for words in [
      "finding 6 unknown-field unknown field \"spec.entrypont\", did you mean \"entrypoint\"?", "mended",
      "hover **entrypoint**: string", "definition 8", "  entrypoint: begin", "  - name: begin",
    ] { #expect(said.contains(words), "\(words)\n\(said)") }
  }

  private static let script = """
    local program, directory = vim.env.ARGOSY, vim.env.FOLDER
    local client = vim.lsp.start_client({ name = 'argosy', cmd = { program, 'lsp' }, root_dir = directory })
    vim.cmd('edit ' .. directory .. '/main.yaml')
    vim.lsp.buf_attach_client(0, client)
    local function wait(what, condition)
      if not vim.wait(180000, condition, 20) then
        print('never happened: ' .. what)
        vim.cmd('cquit 1')
      end
    end
    local function ask(method, line, column, more)
      local p = { textDocument = { uri = vim.uri_from_bufnr(0) }, position = { line = line, character = column } }
      for k, v in pairs(more or {}) do p[k] = v end
      return vim.lsp.buf_request_sync(0, method, p, 180000)[client].result
    end
    wait('findings', function() return #vim.diagnostic.get(0) > 0 end)
    for _, d in ipairs(vim.diagnostic.get(0)) do print('finding', d.lnum + 1, d.code, d.message) end
    vim.api.nvim_buf_set_lines(0, 5, 6, false, { '  entrypoint: main' })
    wait('no findings', function() return #vim.diagnostic.get(0) == 0 end)
    print('mended')
    print('hover', ask('textDocument/hover', 5, 4).contents.value)
    print('definition', ask('textDocument/definition', 5, 15)[1].range.start.line + 1)
    vim.lsp.util.apply_workspace_edit(ask('textDocument/rename', 5, 15, { newName = 'begin' }), 'utf-16')
    print(table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\\n'))
    vim.cmd('qa!')
    """
}
