#ifndef ARGOSY_CLIBYAML_H
#define ARGOSY_CLIBYAML_H

#include <yaml.h>

#endif
