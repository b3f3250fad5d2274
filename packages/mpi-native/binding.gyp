{
  "targets": [
    {
      "target_name": "mpi",
      "sources": [
        "<!@(node -p \"require('fs').readdirSync('cc').filter(f => f.endsWith('.cc')).map(f => 'cc/' + f).join(' ')\")"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS", "OMPI_SKIP_MPICXX"],
      "cflags": ["-O3", "-fvisibility=hidden"],
      "cflags_cc": ["-std=c++17", "-fexceptions", "<!@(${MPICC:-mpicc} --showme:compile)"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "libraries": ["<!@(${MPICC:-mpicc} --showme:link)", "-ldl"]
    }
  ]
}
