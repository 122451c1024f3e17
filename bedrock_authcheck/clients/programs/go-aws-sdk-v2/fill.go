package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

// unions are the members of unions that this program can give: Go finds no type by its name.
var unions = map[string]any{
	"ContentBlock.text":            types.ContentBlockMemberText{},
	"CountTokensInput.converse":    types.CountTokensInputMemberConverse{},
	"CountTokensInput.invokeModel": types.CountTokensInputMemberInvokeModel{},
	"GuardrailContentBlock.text":   types.GuardrailContentBlockMemberText{},
	"SystemContentBlock.text":      types.SystemContentBlockMemberText{},
}

// fill puts a value of JSON into a value of the SDK's types; base64 becomes bytes.
func fill(target reflect.Value, value any) error {
	switch target.Kind() {
	case reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		return fill(target.Elem(), value)
	case reflect.Interface:
		return fillUnion(target, value)
	}
	switch given := value.(type) {
	case map[string]any:
		if target.Kind() == reflect.Struct {
			return fillStruct(target, given)
		}
		if target.Kind() == reflect.Map {
			return fillMap(target, given)
		}
	case []any:
		if target.Kind() == reflect.Slice {
			return fillSlice(target, given)
		}
	}
	text, err := json.Marshal(value) // a scalar, bytes or a time: encoding/json knows them
	if err != nil {
		return err
	}
	return json.Unmarshal(text, target.Addr().Interface())
}

func fillStruct(target reflect.Value, given map[string]any) error {
	for name, value := range given {
		field := target.FieldByNameFunc(func(one string) bool { return strings.EqualFold(one, name) })
		if !field.IsValid() {
			return notOffered(fmt.Sprintf("%s has no %s", target.Type(), name))
		}
		if err := fill(field, value); err != nil {
			return err
		}
	}
	return nil
}

func fillMap(target reflect.Value, given map[string]any) error {
	target.Set(reflect.MakeMap(target.Type()))
	for name, value := range given {
		element := reflect.New(target.Type().Elem()).Elem()
		if err := fill(element, value); err != nil {
			return err
		}
		target.SetMapIndex(reflect.ValueOf(name).Convert(target.Type().Key()), element)
	}
	return nil
}

func fillSlice(target reflect.Value, given []any) error {
	target.Set(reflect.MakeSlice(target.Type(), len(given), len(given)))
	for i, value := range given {
		if err := fill(target.Index(i), value); err != nil {
			return err
		}
	}
	return nil
}

func fillUnion(target reflect.Value, value any) error {
	given, _ := value.(map[string]any)
	for name, inner := range given {
		member, known := unions[target.Type().Name()+"."+name]
		if !known {
			return notOffered(fmt.Sprintf("this program makes no %s of %s", name, target.Type()))
		}
		made := reflect.New(reflect.TypeOf(member))
		if err := fill(made.Elem().FieldByName("Value"), inner); err != nil {
			return err
		}
		target.Set(made)
	}
	return nil
}
