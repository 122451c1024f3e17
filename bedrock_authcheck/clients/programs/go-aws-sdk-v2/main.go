// One call of the AWS SDK for Go v2 for each line of standard input: docs/client-contract.md
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagent"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/auth/bearer"
	"github.com/aws/smithy-go/logging"
)

type request struct {
	Service     string
	Operation   string
	Parameters  map[string]any
	Paginate    bool
	Settings    settings
	Prepare     string
	Client      *int
	Environment map[string]*string
	LogLevel    string `json:"log_level"`
}

type settings struct {
	Keys *struct {
		ID      string `json:"aws_access_key_id"`
		Secret  string `json:"aws_secret_access_key"`
		Session string `json:"aws_session_token"`
	}
	Endpoint                           *string
	Token, Profile, Region, Preference string
}

type answer struct {
	OK         *bool  `json:"ok,omitempty"`
	ErrorType  string `json:"error_type,omitempty"`
	Error      string `json:"error,omitempty"`
	NotOffered string `json:"not_offered,omitempty"`
}

// patience is for a stream in both directions without credentials: the SDK waits for ever.
const patience = 10 * time.Second

const runtime = "github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

// services makes a client of each; an endpoint is the client's option, never the configuration's.
var services = map[string]func(aws.Config, *string) any{
	"bedrock": func(c aws.Config, at *string) any {
		return bedrock.NewFromConfig(c, func(o *bedrock.Options) { put(&o.BaseEndpoint, at) })
	},
	"bedrock-runtime": func(c aws.Config, at *string) any {
		return bedrockruntime.NewFromConfig(c, func(o *bedrockruntime.Options) { put(&o.BaseEndpoint, at) })
	},
	"bedrock-agent": func(c aws.Config, at *string) any {
		return bedrockagent.NewFromConfig(c, func(o *bedrockagent.Options) { put(&o.BaseEndpoint, at) })
	},
	"bedrock-agent-runtime": func(c aws.Config, at *string) any {
		return bedrockagentruntime.NewFromConfig(c, func(o *bedrockagentruntime.Options) { put(&o.BaseEndpoint, at) })
	},
}

func put(option **string, value *string) {
	if value != nil {
		*option = value
	}
}

var clients = map[int]any{}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		info, _ := debug.ReadBuildInfo()
		for _, module := range info.Deps {
			if module.Path == runtime {
				fmt.Println(strings.TrimPrefix(module.Version, "v"))
			}
		}
		return
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var asked request
		err := json.Unmarshal(lines.Bytes(), &asked)
		if err == nil {
			err = answered(context.Background(), asked)
		}
		text, _ := json.Marshal(told(err))
		fmt.Println(string(text))
	}
}

func told(err error) answer {
	var absent notOffered
	if errors.As(err, &absent) {
		return answer{NotOffered: absent.Error()}
	}
	var invalid smithy.InvalidParamsError
	if errors.As(err, &invalid) {
		return answer{NotOffered: "the SDK refuses the parameters: " + err.Error()}
	}
	ok := err == nil
	if ok {
		return answer{OK: &ok}
	}
	kind := fmt.Sprintf("%T", err)
	var refused smithy.APIError
	if errors.As(err, &refused) && refused.ErrorCode() != "" {
		kind = refused.ErrorCode()
	}
	return answer{OK: &ok, ErrorType: kind, Error: err.Error()}
}

type notOffered string

func (n notOffered) Error() string { return string(n) }

func answered(ctx context.Context, asked request) error {
	for name, value := range asked.Environment {
		if value == nil {
			os.Unsetenv(name)
		} else {
			os.Setenv(name, *value)
		}
	}
	if asked.Prepare == "session" {
		return nil // this SDK has none
	}
	client, err := clientFor(ctx, asked)
	if err != nil || asked.Prepare != "" {
		return err
	}
	done := make(chan error, 1)
	go func() {
		defer func() {
			if reason := recover(); reason != nil {
				done <- fmt.Errorf("the SDK panicked: %v", reason)
			}
		}()
		done <- call(ctx, client, asked)
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		return errors.New("the call has not returned after " + patience.String())
	}
}

func clientFor(ctx context.Context, asked request) (any, error) {
	if asked.Client != nil && clients[*asked.Client] != nil {
		return clients[*asked.Client], nil
	}
	build, known := services[asked.Service]
	if !known {
		return nil, notOffered("no module for " + asked.Service)
	}
	loaded, err := config.LoadDefaultConfig(ctx, options(asked)...)
	if err != nil {
		return nil, err
	}
	client := build(loaded, asked.Settings.Endpoint)
	if asked.Client != nil {
		clients[*asked.Client] = client
	}
	return client, nil
}

func options(asked request) []func(*config.LoadOptions) error {
	var chosen []func(*config.LoadOptions) error
	set := func(option config.LoadOptionsFunc) { chosen = append(chosen, option) }
	with := asked.Settings
	if with.Region != "" {
		set(config.WithRegion(with.Region))
	}
	if with.Profile != "" {
		set(config.WithSharedConfigProfile(with.Profile))
	}
	if keys := with.Keys; keys != nil {
		provider := credentials.NewStaticCredentialsProvider(keys.ID, keys.Secret, keys.Session)
		set(config.WithCredentialsProvider(provider))
	}
	if with.Token != "" {
		token := bearer.Token{Value: with.Token}
		set(config.WithBearerAuthTokenProvider(bearer.StaticTokenProvider{Token: token}))
	}
	switch with.Preference {
	case "sigv4":
		set(config.WithAuthSchemePreference("sigv4"))
	case "bearer":
		set(config.WithAuthSchemePreference("httpBearerAuth"))
	case "anonymous":
		set(config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	if asked.LogLevel == "DEBUG" {
		set(config.WithLogger(logging.NewStandardLogger(os.Stderr)))
		set(config.WithClientLogMode(aws.LogSigning | aws.LogRetries | aws.LogRequest | aws.LogResponse))
	}
	return chosen
}

// call makes the call of any operation: its method of the client, found by its name.
func call(ctx context.Context, client any, asked request) error {
	method := reflect.ValueOf(client).MethodByName(asked.Operation)
	if !method.IsValid() {
		return notOffered("the module has no operation " + asked.Operation)
	}
	if asked.Operation == "InvokeModelWithBidirectionalStream" {
		delete(asked.Parameters, "body") // the events are this program's own
	}
	input := reflect.New(method.Type().In(1).Elem())
	if err := fill(input.Elem(), asked.Parameters); err != nil {
		return err
	}
	for {
		results := method.Call([]reflect.Value{reflect.ValueOf(ctx), input})
		if err, failed := results[1].Interface().(error); failed {
			return err
		}
		output := results[0]
		if err := readStream(ctx, output); err != nil || !asked.Paginate {
			return err
		}
		next := output.Elem().FieldByName("NextToken")
		wanted := input.Elem().FieldByName("NextToken")
		if !next.IsValid() || !wanted.IsValid() || next.IsNil() {
			return nil
		}
		wanted.Set(next)
	}
}

// readStream reads an answer that is a stream to its end.
func readStream(ctx context.Context, output reflect.Value) error {
	get := output.MethodByName("GetStream")
	if !get.IsValid() {
		return nil
	}
	stream := get.Call(nil)[0]
	defer stream.MethodByName("Close").Call(nil)
	if both, ok := stream.Interface().(*bedrockruntime.InvokeModelWithBidirectionalStreamEventStream); ok {
		if err := send(ctx, both); err != nil {
			return err
		}
	}
	events := stream.MethodByName("Events").Call(nil)[0]
	for {
		if _, more := events.Recv(); !more {
			break
		}
	}
	err, _ := stream.MethodByName("Err").Call(nil)[0].Interface().(error)
	return err
}

func send(ctx context.Context, stream *bedrockruntime.InvokeModelWithBidirectionalStreamEventStream) error {
	for _, text := range []string{`{"text": "hello"}`, `{"text": "goodbye"}`} {
		part := types.BidirectionalInputPayloadPart{Bytes: []byte(text)}
		event := types.InvokeModelWithBidirectionalStreamInputMemberChunk{Value: part}
		if err := stream.Send(ctx, &event); err != nil {
			return err
		}
	}
	return stream.Writer.Close()
}
