package config_test

import (
	"context"
	"testing"

	"github.com/corskit/corskit/config"
)

// A fault of a profile names the variable or the option that selects it.
func TestProfileFaults(t *testing.T) {
	files := yaml(onePolicy)
	variable := []string{"CORS_ALLOW_ORIGINS=", "CORS_PROFILE=prod"}
	for _, c := range []struct {
		opts  config.Options
		files config.Static // nil for no files
		want  string
	}{
		{config.Options{Profile: "prod", Environ: variable[:1]}, nil,
			`"prod": the profile option selects a file, but no file is loaded; remove the option`},
		{config.Options{Profile: "test", Environ: variable}, nil,
			`CORS_PROFILE "prod": a profile selects a file, but no file is loaded; unset it`},
		{config.Options{Profile: "Prod", Environ: variable[:1]}, nil,
			`"Prod": not a valid profile name; did you mean "prod"?`},
		{config.Options{Profile: "prod", Environ: []string{}}, files,
			`cors.prod.yaml: no such file for the profile "prod"; create it, or choose another profile`},
		{config.Options{Profile: "test", Environ: variable[1:]}, files,
			`cors.prod.yaml: no such file for the profile "prod"; create it, or choose another profile with CORS_PROFILE`},
	} {
		_, err := config.ReadEnv(c.opts)
		if c.files != nil {
			_, err = config.Read(context.Background(), c.files, "cors.yaml", c.opts)
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%+v: got\n%v\nwant\n%s", c.opts, err, c.want)
		}
	}
}
